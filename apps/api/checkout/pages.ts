import { tenantQuery, tenantStatement } from '#access/tenancy';
import type { CheckoutReturns, CheckoutStanding } from '#command-handling';
import { paymentStatusOf, returnsPlaceOf, standingStatusOf, wasReturned } from '#command-handling';
import { Keys } from '#keys';
import { Injectable } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';

import { CheckoutSite } from './site.js';
import type { Linked } from './links.js';
import { pageHeaders } from './page-headers.js';
import type { PageView } from './page/index.js';
import { renderPage } from './page/index.js';

/** A page as it is answered. */
export interface RenderedPage {
  status: 200 | 403 | 404 | 410 | 429;
  headers: Record<string, string>;
  html: string;
}

const merchantOf = tenantStatement(
  'checkout_merchant',
  'select name, suspended_at is not null as suspended from billing.tenant where id = t.tenant_id',
);

const statuses = {
  open: 200,
  complete: 410,
  expired: 410,
  over: 410,
  unknown: 404,
  unavailable: 403,
  busy: 429,
  returned: 200,
} as const;

/** How long after its end a used page still tells whoever has its link what was paid, and where it leads. */
const toldForMs = 7 * 24 * 3_600_000;

/** Makes the pages of checkout sessions. */
@Injectable()
export class CheckoutPages {
  constructor(
    private readonly site: CheckoutSite,
    private readonly pool: Pool,
    private readonly keys: Keys,
  ) {}

  /** The page of what a token opens; the page of every token that opens nothing, where `found` is undefined. */
  async render(
    token: string,
    found: { linked: Linked; standing: CheckoutStanding } | undefined,
  ): Promise<RenderedPage> {
    return this.#rendered(found ? await this.#viewOf(token, found.linked, found.standing) : this.#bare('unknown'));
  }

  /** For whoever asks too often, with the headers of that answer. */
  busy(headers: Readonly<Record<string, string>> = {}): RenderedPage {
    const page = this.#rendered(this.#bare('busy'));
    return { ...page, headers: { ...page.headers, ...headers } };
  }

  /** Where a bank sends payers back to. */
  returned(): RenderedPage {
    return this.#rendered(this.#bare('returned'));
  }

  #rendered(view: PageView): RenderedPage {
    const nonce = randomBytes(16).toString('base64url');
    const headers = pageHeaders(this.site.settings, nonce, this.site.origin.startsWith('https:'));
    return { status: statuses[view.state], headers, html: renderPage(view, nonce) };
  }

  /** A page that tells nothing of any session. */
  #bare(state: 'unknown' | 'over' | 'busy' | 'returned'): PageView {
    return { state, mode: 'payment', token: '', merchant: '', methodTypes: [], ...this.#script() };
  }

  #script(): Pick<PageView, 'publishableKey' | 'stripeJs'> {
    const { publishableKey = '', stripeJs } = this.site.settings;
    return { publishableKey, stripeJs };
  }

  async #viewOf(token: string, { tenantId }: Linked, standing: CheckoutStanding): Promise<PageView> {
    const { session, payment } = standing;
    const now = Date.now();
    const at = new Date(now).toISOString();
    const status = standingStatusOf(standing, at);
    if (status !== 'open' && now - Date.parse(session.expiresAt) > toldForMs) return this.#bare('over');
    const [[tenant], returns] = await Promise.all([
      tenantQuery<{ name: string; suspended: boolean }>(this.pool, merchantOf, tenantId),
      this.returnsOf(tenantId, session),
    ]);
    // Nothing came of what was paid from a bank account: it was used all the same.
    const shown = wasReturned(standing) ? 'expired' : status;
    return {
      state: shown !== 'open' ? shown : tenant?.suspended ? 'unavailable' : 'open',
      mode: session.mode,
      token,
      merchant: tenant?.name ?? '',
      ...(payment && {
        amount: payment.amount,
        currency: payment.currency,
        captureMethod: payment.captureMethod,
        isCharged: paymentStatusOf(standing) === 'paid',
        description: payment.orderId,
      }),
      methodTypes: session.methodKinds,
      ...this.#script(),
      ...returns,
    };
  }

  /** Where the payer goes on; nowhere, where the person was erased. */
  async returnsOf(tenantId: string, session: CheckoutStanding['session']): Promise<CheckoutReturns> {
    if (session.returns === undefined) return {};
    const opened = await this.keys.openPersonal(returnsPlaceOf(tenantId, session), session.returns);
    return opened.erased ? {} : (JSON.parse(opened.plaintext) as CheckoutReturns);
  }
}
