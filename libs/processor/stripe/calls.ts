import { LookupRefused, OutcomeUnknown } from '../errors.js';
import type { Outcome } from '../port.js';
import { failedLookup, failedOutcome } from './classify.js';
import { Unreadable } from './fields.js';

/** Waits for calls of the library, each until a deadline, and tells their ends in the port's words. Retries nothing. */
export class Calls {
  readonly #deadlineMs: number;

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  /** What an operation came to. Rejects with ProcessorUnavailable or OutcomeUnknown. */
  async operation<T, V>(call: Promise<T>, read: (answer: T) => V): Promise<Outcome<V>> {
    let answer: T;
    try {
      answer = await this.#bounded(call);
    } catch (error) {
      return failedOutcome(error);
    }
    try {
      return { outcome: 'succeeded', value: read(answer) };
    } catch (error) {
      if (error instanceof Unreadable) throw new OutcomeUnknown('unreadable_answer', { stored: false });
      throw error;
    }
  }

  /** What a look-up found; undefined where there is no such object. Rejects like an operation, or with LookupRefused. */
  async lookup<T, V>(call: Promise<T>, read: (answer: T) => V): Promise<V | undefined> {
    let answer: T;
    try {
      answer = await this.#bounded(call);
    } catch (error) {
      return failedLookup(error);
    }
    try {
      return read(answer);
    } catch (error) {
      if (error instanceof Unreadable) throw new LookupRefused('unreadable_answer');
      throw error;
    }
  }

  #bounded<T>(call: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new OutcomeUnknown('deadline', { stored: false }));
      }, this.#deadlineMs);
      call.then(resolve, reject).finally(() => {
        clearTimeout(timer);
      });
    });
  }
}
