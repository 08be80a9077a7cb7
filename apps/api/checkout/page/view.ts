/** Everything that the page shows or tells its script. Nothing in it is a secret of ours: the token is the payer's own. */
export interface PageView {
  /** `complete`: it was paid, or the method saved, before. `unknown`: no such page; then nothing else is told. `unavailable`: the
   * tenant is suspended. `over`: it was used or has expired so long ago that nothing else is told. `busy`: it was asked for too often.
   * `returned`: of no page at all; where a bank sends payers back to. */
  state: 'open' | 'complete' | 'expired' | 'unknown' | 'unavailable' | 'over' | 'busy' | 'returned';
  mode: 'payment' | 'setup';
  /** The last part of the page's own path. */
  token: string;
  /** Whom the payer deals with; may be empty. */
  merchant: string;
  /** In minor units of `currency`; both are there in mode `payment`. */
  amount?: number | undefined;
  /** Lower-case ISO 4217. */
  currency?: string | undefined;
  /** In mode `payment`: `manual` holds the amount, and the merchant charges it later. */
  captureMethod?: 'automatic' | 'manual' | undefined;
  /** In mode `payment`: whether the amount was charged, and not only held. */
  isCharged?: boolean | undefined;
  description?: string | undefined;
  /** Names of the processor, such as `card`. */
  methodTypes: readonly string[];
  publishableKey: string;
  /** Where Stripe.js is: its own place, or a stand-in's. */
  stripeJs: string;
  successUrl?: string | undefined;
  cancelUrl?: string | undefined;
}
