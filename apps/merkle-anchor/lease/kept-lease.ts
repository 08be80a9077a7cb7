import { setTimeout as sleep } from 'node:timers/promises';

import type { SealingLease } from './lease.js';

/** Renews a lease in good time, beside the work, from the moment it is taken until `close`. */
export class KeptLease {
  readonly #lease: SealingLease;
  readonly #renewMs: number;
  readonly #warn: (message: string, context: Record<string, unknown>) => void;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #wanted = false;

  constructor(lease: SealingLease, renewMs: number, warn: (message: string, context: Record<string, unknown>) => void) {
    this.#lease = lease;
    this.#renewMs = renewMs;
    this.#warn = warn;
    this.#running = this.#run();
  }

  /**
   * Takes the lease unless it is held already. `kept`: it was ours all the time. `taken`: it is ours now, and others may have had it since.
   * `others`: it is not ours.
   */
  async hold(): Promise<'kept' | 'taken' | 'others'> {
    if (this.#wanted && this.#lease.isSure) return 'kept';
    this.#wanted = await this.#lease.take();
    return this.#wanted ? 'taken' : 'others';
  }

  /** Gives the lease back, and renews it no more until the next `hold`. */
  async release(): Promise<void> {
    this.#wanted = false;
    await this.#lease.release();
  }

  /** Ends the renewals; what is held stays held until it runs out or is released. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(this.#renewMs, undefined, { signal }).catch(() => undefined);
      if (!this.#wanted || signal.aborted) continue;
      try {
        this.#wanted = await this.#lease.renew();
        if (!this.#wanted) this.#warn('the lease of the audit log was lost', {});
      } catch (error) {
        this.#warn('renewing the lease of the audit log failed and is tried again', { error: String(error) });
      }
    }
  }
}
