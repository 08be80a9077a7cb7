import type { RateLimit } from '#platform/configuration';
import { KeyedLimit, networkOf, tooMany } from '#platform/http';

const detail =
  'files of the audit log were asked for more often than one network may; wait as long as Retry-After says';

/** How often the files of the log are asked for, which are open to everybody, counted by network in this process alone. */
export class AuditLimits {
  readonly #ofNetwork: KeyedLimit | undefined;

  /** undefined: nothing is counted. */
  constructor(ofNetwork: RateLimit | undefined) {
    this.#ofNetwork = ofNetwork && new KeyedLimit(ofNetwork);
  }

  /** Counts a request of `address`. Throws ProblemError 429 with Retry-After. */
  async assertNetwork(address: string): Promise<void> {
    const standing = await this.#ofNetwork?.count(networkOf(address));
    if (standing?.admitted === false) throw tooMany('audit', detail, standing.resetSeconds);
  }
}
