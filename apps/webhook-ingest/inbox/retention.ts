import { deleteInBatches } from '#platform/database';
import type { Logger } from '#platform/logging';

import type { Inbox } from './inbox.js';

const keptMs = 30 * 86_400_000;
const everyMs = 3_600_000;
/** Events in one statement, and statements in one hour, at most: what is left waits for the next one. */
const batch = 1_000;
const maxBatches = 500;

/**
 * Removes events that are done with after 30 days: their bodies hold personal data that nobody can erase one person at a time. What
 * waits for a person stays.
 */
export class Retention {
  readonly #inbox: Inbox;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(inbox: Inbox, logger: Logger) {
    this.#inbox = inbox;
    this.#logger = logger;
  }

  start(): void {
    const purge = () => {
      this.#running ??= this.#purge().finally(() => (this.#running = undefined));
    };
    this.#timer = setInterval(purge, everyMs).unref();
    purge();
  }

  /** Ends after the statement that is under way. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  async #purge(): Promise<void> {
    try {
      await deleteInBatches((limit) => this.#inbox.purge(new Date(Date.now() - keptMs), limit), {
        batch,
        maxBatches,
        goesOn: () => this.#timer !== undefined,
      });
    } catch (error) {
      this.#logger.warn(
        { error: (error as Error).message },
        'old webhook events were not removed; tried again in an hour',
      );
    }
  }
}
