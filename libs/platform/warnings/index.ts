/** What is not as it should be although the work goes on, such as a key that is due for rotation. */
export interface Warning {
  /** A stable word, such as `api_key_overdue`. */
  code: string;
  /** One line that says what to do. Anybody may read it: it names no tenant, no account and no person. */
  message: string;
}

/** What a process answers to whoever asks if it is ready. Degraded is ready all the same: the answer is 200. */
export type Readiness = { status: 'ok' } | { status: 'degraded'; warnings: readonly Warning[] };

/** The warnings of a process, one a code: readiness is yellow while there are some. */
export class Warnings {
  readonly #messages = new Map<string, { message: string; untilMs: number }>();

  /** Warns under `code` for `forMs`, as long as nothing else is said by default; or, where `message` is undefined, does so no longer. */
  set(code: string, message: string | undefined, forMs = Infinity): void {
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
}
