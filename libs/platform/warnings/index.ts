import type { Registry } from '../metrics/index.js';
import { Gauge } from '../metrics/index.js';

/** What is not as it should be although the work goes on, such as a key that is due for rotation. */
export interface Warning {
  /** A stable word, such as `api_key_overdue`. */
  code: string;
  /** One line that says what to do. Anybody may read it: it names no tenant, no account and no person. */
  message: string;
}

/** What a process answers to whoever asks if it is ready. Degraded is ready all the same: the answer is 200. */
export type Readiness = { status: 'ok' } | { status: 'degraded'; warnings: readonly Warning[] };

const codeForm = /^[a-z][a-z0-9_]{0,63}$/;
/** Codes that a process has in all: each is a series of `billing_warnings`, and a word in its source. */
const maxCodes = 64;

/** The warnings of a process, one a code: readiness is yellow, and `billing_warnings{code}` is 1, while there are some. */
export class Warnings {
  readonly #messages = new Map<string, { message: string; untilMs: number }>();
  /** All that were ever given, so that one that is over is told as 0. */
  readonly #codes = new Set<string>();

  /** `metrics`: where they are told; nowhere by default. */
  constructor(metrics?: Registry) {
    if (metrics) this.#tell(metrics);
  }

  /**
   * Warns under `code` for `forMs`, as long as nothing else is said by default; or, where `message` is undefined, does so no longer. Throws RangeError for
   * what is no stable word, `[a-z][a-z0-9_]*` of 64 characters at most, and for the 65th code.
   */
  set(code: string, message: string | undefined, forMs = Infinity): void {
    if (!codeForm.test(code) || (this.#codes.size >= maxCodes && !this.#codes.has(code)))
      throw new RangeError('the code of a warning is one of some few stable words');
    this.#codes.add(code);
    if (message === undefined) this.#messages.delete(code);
    else this.#messages.set(code, { message, untilMs: performance.now() + forMs });
  }

  /** Sorted by code. */
  list(): Warning[] {
    return [...this.#messages]
      .filter(([, { untilMs }]) => performance.now() < untilMs)
      .map(([code, { message }]) => ({ code, message }))
      .sort((a, b) => (a.code < b.code ? -1 : 1));
  }

  /** As whoever asks is told. */
  readiness(): Readiness {
    const warnings = this.list();
    return warnings.length === 0 ? { status: 'ok' } : { status: 'degraded', warnings };
  }

  #tell(metrics: Registry): void {
    const codes = this.#codes;
    const list = () => this.list();
    new Gauge<'code'>({
      name: 'billing_warnings',
      help: '1 while a person should look at something although the work goes on, by its code; /readyz says what to do',
      labelNames: ['code'],
      registers: [metrics],
      collect() {
        const told = new Set(list().map(({ code }) => code));
        for (const code of codes) this.set({ code }, told.has(code) ? 1 : 0);
      },
    });
  }
}
