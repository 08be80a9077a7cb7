import type { RetryPolicy } from 'cockatiel';
import { ExponentialBackoff, decorrelatedJitterGenerator, handleWhen, retry } from 'cockatiel';
import { ObjectStoreUnavailable } from '../errors.js';
import { s3FaultOf } from './s3-fault.js';

/** Tries after the first one, and their pauses: with jitter, so that writers that met at one file do not meet again. */
const maxRetries = 4;
const backoff = { initialDelay: 50, maxDelay: 1_000, generator: decorrelatedJitterGenerator };
/** No slower line is waited for. */
const minBytesPerMs = 500;

export interface S3LineOptions {
  /** How long S3 may take to answer, and a millisecond more for each 500 bytes that go over the line. */
  tryTimeout_ms: number;
}

export interface S3Call {
  work: 'read' | 'write' | 'list' | 'use';
  /** Bucket and key. */
  where: string;
}

/** Runs a part of a try that sends or takes so many bytes, and ends it when that takes too long. */
export type InTime = <T>(bytes: number, part: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** The tries of calls to S3: each bounded in time, five at most, and each call with one error that names bucket, key and trouble, and no secret. */
export class S3Line {
  readonly #retry: RetryPolicy = retry(
    handleWhen((error) => s3FaultOf(error).again),
    { maxAttempts: maxRetries, backoff: new ExponentialBackoff(backoff) },
  );

  constructor(private readonly options: S3LineOptions) {}

  /** Rejects with ObjectStoreUnavailable. */
  async call<T>({ work, where }: S3Call, attempt: (inTime: InTime) => Promise<T>): Promise<T> {
    try {
      return await this.#retry.execute(() =>
        attempt((bytes, part) => inTime(this.options.tryTimeout_ms + Math.ceil(bytes / minBytesPerMs), part)),
      );
    } catch (error) {
      // What the SDK throws holds the request, with its headers: its message alone is kept.
      const cause = new Error(error instanceof Error ? error.message : 'unknown');
      throw new ObjectStoreUnavailable(work, where, s3FaultOf(error).name, { cause });
    }
  }
}

class NoAnswerInTime extends Error {
  override readonly name = 'TimeoutError';
  constructor() {
    super('no answer in time');
  }
}

/** A part that does not heed its signal is left to itself. */
const inTime = async <T>(timeout_ms: number, part: (signal: AbortSignal) => Promise<T>): Promise<T> => {
  const abort = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(new NoAnswerInTime());
    abort.abort();
  }, timeout_ms);
  try {
    return await Promise.race([part(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
};
