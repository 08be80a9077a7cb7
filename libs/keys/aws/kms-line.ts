import type { BulkheadPolicy, CircuitBreakerPolicy, RetryPolicy } from 'cockatiel';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  bulkhead,
  circuitBreaker,
  decorrelatedJitterGenerator,
  handleWhen,
  retry,
} from 'cockatiel';
import type { Warnings } from '#platform/warnings';
import type { KeyManagementTrouble } from '../errors.js';
import { KeyManagementUnavailable, UnwrapRefused } from '../errors.js';
import { kmsFaultOf, withoutRequest } from './kms-fault.js';
import type { KmsFault } from './kms-fault.js';
import type { KmsMetrics } from './kms-metrics.js';

export interface KmsLineOptions {
  /** How long one try may take, and the whole of a call with its tries and pauses. */
  tryTimeout_ms: number;
  callTimeout_ms: number;
  metrics: KmsMetrics;
  /** Told when the KMS falls ill and when it is well again. */
  logger?: KmsLogger;
  /** Readiness is yellow, and not red, while the KMS cannot be used: what is cached goes on, and every other process would be as ill. */
  warnings?: Pick<Warnings, 'set'>;
}

/** What is told to a person. It holds no key, context or plaintext. */
export interface KmsLogger {
  warn(context: Record<string, unknown>, message: string): void;
  info(context: Record<string, unknown>, message: string): void;
}

/** Tries after the first one. Its pauses: 50 ms and more, with jitter, so that many processes do not ask in step. */
const maxRetries = 3;
const backoff = { initialDelay: 50, maxDelay: 500, generator: decorrelatedJitterGenerator };
/** Keys are cached, so few calls are enough; what comes beyond is a burst that KMS would throttle for all of the account. */
const maxInFlight = 50;
const maxWaiting = 1_000;
const failuresToOpen = 5;
/** How long nothing is sent while KMS is ill: longer each time that one try finds it still so. */
const rest = { initialDelay: 500, maxDelay: 10_000 };
const warningCode = 'key_management_unavailable';
/** One line of a trouble in this time. */
const quietMs = 10_000;

type Attempt<T> = (signal: AbortSignal) => Promise<T>;

/** One try that came to nothing. */
class TryFailed extends Error {
  readonly fault: KmsFault;
  constructor(error: unknown) {
    super('a try came to nothing', { cause: withoutRequest(error) });
    this.fault = kmsFaultOf(error);
  }
}

const isAgain = (error: unknown): boolean =>
  error instanceof TryFailed && error.fault.kind === 'trouble' && error.fault.again;

class TriedTooLong extends Error {
  override readonly name = 'TimeoutError';
  constructor() {
    super('no answer in time');
  }
}

/** Throttling is an answer: it says that KMS is well and that we ask too much. */
const isSick = (error: unknown): boolean =>
  error instanceof TryFailed && error.fault.kind === 'trouble' && /^(unreachable|timeout)$/.test(error.fault.trouble);

/**
 * The way to the KMS: so many calls at once, each within its time and with a few tries, and none while it is ill but one to see if it is
 * well. What comes back is an answer, UnwrapRefused or KeyManagementUnavailable.
 */
export class KmsLine {
  readonly #options: KmsLineOptions;
  readonly #places: BulkheadPolicy = bulkhead(maxInFlight, maxWaiting);
  readonly #breaker: CircuitBreakerPolicy;
  readonly #retry: RetryPolicy;
  readonly #toldAt = new Map<KeyManagementTrouble, number>();

  constructor(options: KmsLineOptions) {
    this.#options = options;
    this.#breaker = circuitBreaker(handleWhen(isSick), {
      halfOpenAfter: new ExponentialBackoff(rest),
      breaker: new ConsecutiveBreaker(failuresToOpen),
    });
    this.#retry = retry(handleWhen(isAgain), { maxAttempts: maxRetries, backoff: new ExponentialBackoff(backoff) });
    options.metrics.watchBreaker(() => this.#breaker.state);
    this.#breaker.onReset(() => options.logger?.info({}, 'the KMS answers again'));
  }

  /** Whether calls are sent. */
  get open(): boolean {
    return this.#breaker.state === CircuitState.Closed;
  }

  /**
   * Runs `attempt` as often as it takes, or once where it must not happen twice; `operation` is a word of KMS's API. What
   * `attempt` does after its signal is nobody's concern.
   */
  async call<T>(operation: string, attempt: Attempt<T>, { once = false } = {}): Promise<T> {
    const { metrics, callTimeout_ms } = this.#options;
    const took = metrics.started(operation);
    const whole = AbortSignal.timeout(callTimeout_ms);
    try {
      const answer = await this.#places.execute(
        () => (once ? this.#guarded(attempt, whole) : this.#tries(operation, attempt, whole)),
        whole,
      );
      took('ok');
      this.#isWell();
      return answer;
    } catch (cause) {
      const error = this.#failure(operation, cause, whole);
      took(error instanceof KeyManagementUnavailable ? error.trouble : 'refused');
      if (error instanceof UnwrapRefused) this.#isWell();
      throw error;
    }
  }

  #tries<T>(operation: string, attempt: Attempt<T>, whole: AbortSignal): Promise<T> {
    return this.#retry.execute(({ attempt: tries, signal }) => {
      if (tries > 0) this.#options.metrics.retried(operation);
      return this.#guarded(attempt, signal);
    }, whole);
  }

  #guarded<T>(attempt: Attempt<T>, whole: AbortSignal): Promise<T> {
    // Its time went by while it waited here, which says nothing about the KMS.
    if (whole.aborted) return Promise.reject(new TriedTooLong());
    return this.#breaker.execute(() => this.#try(attempt, whole));
  }

  async #try<T>(attempt: Attempt<T>, whole: AbortSignal): Promise<T> {
    const own = AbortSignal.timeout(this.#options.tryTimeout_ms);
    try {
      return await within(AbortSignal.any([own, whole]), attempt);
    } catch (cause) {
      // Most of the call's time may have gone by while it waited for its turn: only a try that had its own is the KMS's.
      if (whole.aborted && !own.aborted) throw cause;
      throw new TryFailed(cause);
    }
  }

  #failure(operation: string, cause: unknown, whole: AbortSignal): Error {
    if (cause instanceof TryFailed && cause.fault.kind === 'refused') return new UnwrapRefused({ cause: cause.cause });
    const [trouble, name] = troubleOf(cause, whole);
    this.#tell(operation, trouble, name);
    return new KeyManagementUnavailable(trouble, {
      cause: cause instanceof TryFailed ? cause.cause : cause,
      saidNo: cause instanceof TryFailed && cause.fault.kind === 'trouble' && cause.fault.saidNo,
    });
  }

  #isWell(): void {
    this.#options.warnings?.set(warningCode, undefined);
  }

  #tell(operation: string, trouble: KeyManagementTrouble, name: string): void {
    this.#options.warnings?.set(
      warningCode,
      `the KMS cannot be used just now (${trouble}): new work waits, see docs/adr/0010-key-management.md`,
    );
    const now = Date.now();
    if (now - (this.#toldAt.get(trouble) ?? -Infinity) < quietMs) return;
    this.#toldAt.set(trouble, now);
    this.#options.logger?.warn({ operation, trouble, name }, 'the KMS cannot be used just now');
  }
}

/** Ends with the signal, whether `attempt` heeds it or not: the SDK looks for credentials first, and does not while it does that. */
const within = <T>(signal: AbortSignal, attempt: Attempt<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const end = (): void => {
      reject(new TriedTooLong());
    };
    if (signal.aborted) {
      end();
      return;
    }
    signal.addEventListener('abort', end, { once: true });
    attempt(signal).then(resolve, reject);
  });

/** And the word of KMS, of the SDK or of ours for it. */
const troubleOf = (cause: unknown, whole: AbortSignal): [KeyManagementTrouble, string] => {
  if (cause instanceof TryFailed && cause.fault.kind === 'trouble') return [cause.fault.trouble, cause.fault.name];
  if (cause instanceof BulkheadRejectedError) return ['throttled', 'crowded'];
  if (cause instanceof BrokenCircuitError) return ['unreachable', 'resting'];
  if (whole.aborted) return ['timeout', 'CallTimeout'];
  return ['unreachable', cause instanceof Error ? cause.name : 'unknown'];
};
