import type { RateLimit } from '#platform/configuration';
import { KeyedLimit, networkOf, tooMany } from '#platform/http';

/** Of one page: what its script asks in several tabs, and far less than what would keep us busy. */
const requestsOfPage: RateLimit = { requests: 300, seconds: 60 };
/**
 * Of one page: more than any payer presses, and far less than somebody needs who tries cards out. Over soon, because whoever else has the
 * link can use it up with tokens that are none.
 */
const confirmationsOfPage: RateLimit = { requests: 10, seconds: 60 };
const detail = 'this was asked more often than it may; wait as long as Retry-After says';

/**
 * How often pages are asked for, counted in this process alone. Payers share networks with others, whose wrong links must not keep them from
 * paying: what opens a page is counted by that page, and only what opens none by the network that it comes from.
 */
export class CheckoutLimits {
  readonly #ofNetwork: KeyedLimit | undefined;
  readonly #ofPage: KeyedLimit | undefined;
  readonly #confirmations: KeyedLimit | undefined;

  /** undefined: none of them counts. */
  constructor(ofNetwork: RateLimit | undefined) {
    this.#ofNetwork = ofNetwork && new KeyedLimit(ofNetwork);
    this.#ofPage = ofNetwork && new KeyedLimit(requestsOfPage);
    this.#confirmations = ofNetwork && new KeyedLimit(confirmationsOfPage);
  }

  /** Counts what opens no page. Throws ProblemError 429 with Retry-After. */
  async assertNetwork(address: string): Promise<void> {
    await assertWithin(this.#ofNetwork, networkOf(address));
  }

  /** Throws ProblemError 429 with Retry-After. */
  async assertPage(checkoutSessionId: string): Promise<void> {
    await assertWithin(this.#ofPage, checkoutSessionId);
  }

  /** Throws ProblemError 429 with Retry-After. */
  async assertConfirmations(checkoutSessionId: string): Promise<void> {
    await assertWithin(this.#confirmations, checkoutSessionId);
  }

  /** Of what a payer's browser says of actions, as many as confirmations. Throws ProblemError 429 with Retry-After. */
  async assertActions(checkoutSessionId: string): Promise<void> {
    await assertWithin(this.#confirmations, `action of ${checkoutSessionId}`);
  }
}

const assertWithin = async (limit: KeyedLimit | undefined, key: string): Promise<void> => {
  const standing = await limit?.count(key);
  if (standing?.admitted === false) throw tooMany('checkout', detail, standing.resetSeconds);
};
