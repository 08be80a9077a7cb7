import { OutcomeUnknown, ProcessorUnavailable } from '#processor';
import type { BulkheadPolicy, CircuitBreakerPolicy } from 'cockatiel';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  CircuitState,
  ExponentialBackoff,
  SamplingBreaker,
  bulkhead,
  circuitBreaker,
  handleWhen,
} from 'cockatiel';

import { RateLimit } from './rate-limit.js';

export interface LineOptions {
  /** Calls under way at once at most. */
  maxInFlight: number;
  /** Calls that wait for a place at most. */
  maxWaiting: number;
  callsPerSecond: number;
  now: () => Date;
}

/** Until when a call is ours to send. */
export interface Leased {
  leaseUntil: Date;
}

/** Nothing was sent: the breaker is open, or too many calls wait. The call goes back to the table as it was. */
export class LineClosed extends Error {
  constructor(readonly reason: 'breaker_open' | 'crowded') {
    super(`nothing was sent to the processor: ${reason}`);
  }
}

/** The call waited until it was no longer ours: another process has it, or will. Nothing was sent, and nothing is to be put back. */
export class LeaseLost extends Error {
  constructor() {
    super('nothing was sent to the processor: the lease of the call is over');
  }
}

/** Whether a failure says that the processor is ill: not a refusal of one call, and not its asking us to slow down. */
const isSick = (error: unknown): boolean =>
  error instanceof OutcomeUnknown || (error instanceof ProcessorUnavailable && error.options.sick);

const pauseAfterRefusalMs = 50;

/** The way to the processor: so many calls at once, so many a second, and none while it is ill but one to see if it is well. */
export class Line {
  readonly #places: BulkheadPolicy;
  readonly #rate: RateLimit;
  readonly #breaker: CircuitBreakerPolicy;
  readonly #maxInFlight: number;
  readonly #now: () => Date;

  constructor({ maxInFlight, maxWaiting, callsPerSecond, now }: LineOptions) {
    this.#now = now;
    this.#maxInFlight = maxInFlight;
    this.#places = bulkhead(maxInFlight, maxWaiting);
    this.#rate = new RateLimit(callsPerSecond);
    this.#breaker = circuitBreaker(handleWhen(isSick), {
      halfOpenAfter: new ExponentialBackoff({ initialDelay: 1_000, maxDelay: 30_000 }),
      breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 2 }),
    });
  }

  get inFlight(): number {
    return this.#maxInFlight - this.#places.executionSlots;
  }

  /** 0 closed, which is well; 1 open; 2 half open. */
  get breakerState(): CircuitState {
    return this.#breaker.state;
  }

  get open(): boolean {
    return this.#breaker.state !== CircuitState.Closed;
  }

  /**
   * Runs `work`, which calls the processor once for a call. Throws LineClosed or LeaseLost without having run it, or what it
   * throws. The lease is looked at last: a process that slept must not send under a key that the processor has forgotten.
   */
  async run<T>({ leaseUntil }: Leased, work: () => Promise<T>): Promise<T> {
    try {
      return await this.#places.execute(async () => {
        const waitMs = this.#rate.take();
        if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
        return await this.#breaker.execute(() => {
          if (this.#now() >= leaseUntil) throw new LeaseLost();
          return work();
        });
      });
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw new LineClosed('breaker_open');
      if (error instanceof BulkheadRejectedError) throw new LineClosed('crowded');
      if (error instanceof ProcessorUnavailable && !error.options.sick) {
        this.#rate.pause(Math.min(error.options.retryAfterMs ?? pauseAfterRefusalMs, 5_000));
      }
      throw error;
    }
  }
}
