import type { CheckoutSettings } from '#platform/configuration';

import { ProblemError } from '../http/problem.js';

/** Where payers reach the pages, and what the pages are made with. */
export class CheckoutSite {
  /** Where this api listens, once it does. */
  listensAt: string | undefined;

  constructor(readonly settings: CheckoutSettings) {}

  /** The origin that pages are reached at, and their scripts call. Throws ProblemError 503 where it is not known. */
  get origin(): string {
    const origin = this.settings.baseUrl ?? this.listensAt;
    if (origin === undefined) throw notConfigured('CHECKOUT_BASE_URL');
    return origin;
  }

  /** Throws ProblemError 503 where none is set. */
  get publishableKey(): string {
    const { publishableKey } = this.settings;
    if (publishableKey === undefined) throw notConfigured('STRIPE_PUBLISHABLE_KEY');
    return publishableKey;
  }

  /** Throws ProblemError 400 for an address that a payer would be sent to in clear, where pages are not tried out. */
  assertReturn(field: string, url: string | undefined): void {
    if (!this.settings.isProduction || url === undefined || url.startsWith('https:')) return;
    throw new ProblemError(400, 'invalid_field', `${field} must be an https URL`, { field });
  }

  urlOf(token: string): string {
    return `${this.origin}/checkout/${token}`;
  }
}

const notConfigured = (name: string): ProblemError =>
  new ProblemError(503, 'checkout_not_configured', `whoever runs this service has to set ${name} for checkout pages`);
