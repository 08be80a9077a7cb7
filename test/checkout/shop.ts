import { DevelopmentIssuer } from '#access';
import { developmentIssuer } from '#platform/configuration';
import { join } from 'node:path';

import { start } from '../../apps/api/main.js';
import type { Reply } from '../../apps/api/testing/call.js';
import { callOver } from '../../apps/api/testing/call.js';
import type { TestTenant } from '../../apps/api/testing/running-api.js';
import { audience, tenantAt } from '../../apps/api/testing/running-api.js';
import type { OnStep } from '../../apps/gateway/operations/perform.js';
import type { Intent } from '../../apps/gateway/testing/workbench.js';
import { Workbench } from '../../apps/gateway/testing/workbench.js';

/** A checkout session as the api shows it. */
export interface Session {
  id: string;
  url: string;
  paymentId: string;
  status: string;
  expiresAt: string;
}

/** A page of the shop, as its payer's browser has it. */
export interface OpenPage {
  session: Session;
  token: string;
  customerId: string;
  /** Sends what Elements has made, as the page's script does. */
  confirm(confirmationToken: string, headers?: Record<string, string>): Promise<Reply>;
  status(): Promise<Reply>;
  /** Says that the payer has done what their bank asked, as the page's script does. */
  finish(): Promise<Reply>;
}

/** The real api and the real gateway on one database, with the sandbox for Stripe: all of checkout but the browser. */
export class Shop {
  private constructor(
    readonly bench: Workbench,
    readonly url: string,
    readonly merchant: TestTenant,
    readonly issuer: DevelopmentIssuer,
    private readonly closeApi: () => Promise<void>,
  ) {}

  static async open(settings: NodeJS.ProcessEnv = {}): Promise<Shop> {
    const bench = await Workbench.open();
    const api = await start({
      BILLING_ENV: 'test',
      BILLING_DATA_DIR: bench.directory,
      DATABASE_URL: bench.database.url('billing_api'),
      PORT: '0',
      LOG_LEVEL: 'silent',
      STRIPE_API_BASE: bench.sandbox.url,
      STRIPE_PUBLISHABLE_KEY: 'pk_test_sandbox',
      ...settings,
    });
    const keyPath = join(bench.directory, 'development-issuer.json');
    const issuer = await DevelopmentIssuer.open({ environment: 'test', keyPath, issuer: developmentIssuer, audience });
    const token = await issuer.issue({ role: 'tenant_admin', tenantId: bench.tenantId, mfa: true });
    return new Shop(bench, api.url, tenantAt(api.url, bench.tenantId, token), issuer, () => api.close());
  }

  /** A payer and the page that is made for them. */
  async page(terms: Record<string, unknown> = {}): Promise<OpenPage> {
    const customerId = await this.bench.api.createCustomer(this.bench.tenantId);
    const body = { mode: 'payment', customerId, amount: 1_999, currency: 'usd', ...terms };
    const reply = await this.merchant.post('/v1/checkout-sessions', body);
    if (reply.status !== 201) throw new Error(`no session: ${reply.text}`);
    const session = reply.json as unknown as Session;
    return this.opened(session, customerId);
  }

  opened(session: Session, customerId: string): OpenPage {
    const token = session.url.split('/').at(-1) ?? '';
    const browser = callOver(this.url, { origin: this.url });
    return {
      session,
      token,
      customerId,
      confirm: (confirmationToken, headers = {}) =>
        browser('POST', `/checkout/${token}/confirm`, { body: { confirmationToken }, headers }),
      finish: () => browser('POST', `/checkout/${token}/action`, { body: {} }),
      status: () => browser('GET', `/checkout/${token}/status`),
    };
  }

  /** What Elements makes of a card that a payer types in. */
  async elementsToken(method = 'pm_card_visa'): Promise<string> {
    const path = `/v1/test_helpers/confirmation_tokens?payment_method=${method}`;
    return ((await this.bench.stripe.post(path)) as { id: string }).id;
  }

  /** What the payer was charged with at Stripe. */
  async intents({ customerId }: OpenPage): Promise<Intent[]> {
    const all = await this.bench.stripe.list<Intent & { customer: string }>('/v1/payment_intents?limit=100');
    const { processorCustomerIds } = await this.bench.api.customer(this.bench.tenantId, customerId);
    return all.filter(({ customer }) => processorCustomerIds.includes(customer));
  }

  /** The types of the events of what is paid on the page. */
  history({ session }: OpenPage): Promise<string[]> {
    return this.bench.api.history(this.bench.tenantId, session.paymentId);
  }

  async close(): Promise<void> {
    await this.closeApi();
    await this.bench.close();
  }
}

export type { OnStep };
