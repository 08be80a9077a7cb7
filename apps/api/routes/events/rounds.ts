import { AccessDenied } from '#access';
import type { Logger } from '#platform/logging';
import type { FastifyRequest } from 'fastify';

import { ProblemError } from '../../http/problem.js';
import type { OpenStream } from './open-streams.js';

export interface RoundsOptions {
  /** How often each stream is judged anew. Default 2,000. */
  everyMs?: number;
  /** How long a stream may go on while nobody can be asked. Default 10,000. */
  maxDoubtMs?: number;
}

interface Watched {
  request: FastifyRequest;
  open: OpenStream;
  /** Since when its right to go on is asked for in vain, by `performance.now()`. */
  askedMs: number | undefined;
  /** Whether it is being asked for: once at a time. */
  judging: boolean;
}

/**
 * Goes round the open streams and judges each anew, so that a right which was taken away ends the stream that it has opened. One timer
 * for all of them, and none while none is open.
 */
export class Rounds {
  readonly #judge: (request: FastifyRequest) => Promise<void>;
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #everyMs: number;
  readonly #maxDoubtMs: number;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  #warnedMs = -Infinity;

  /** `judge` throws AccessDenied where the request would not be let in any more; anything else that it throws is doubt. */
  constructor(
    judge: (request: FastifyRequest) => Promise<void>,
    logger: Pick<Logger, 'warn'>,
    { everyMs = 2_000, maxDoubtMs = 10_000 }: RoundsOptions = {},
  ) {
    this.#judge = judge;
    this.#logger = logger;
    this.#everyMs = everyMs;
    this.#maxDoubtMs = maxDoubtMs;
  }

  /** Watches a stream that has just been opened, until it ends. Ends it with AccessDenied, or with ProblemError (503) after too long a doubt. */
  watch(request: FastifyRequest, open: OpenStream): void {
    const watched = { request, open, askedMs: undefined, judging: false };
    this.#watched.add(watched);
    open.signal.addEventListener('abort', () => {
      this.#watched.delete(watched);
      if (this.#watched.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    });
    this.#timer ??= setInterval(() => {
      this.#goRound();
    }, this.#everyMs).unref();
  }

  #goRound(): void {
    const oldestMs = performance.now() - this.#maxDoubtMs;
    for (const watched of this.#watched) {
      if (watched.askedMs !== undefined && watched.askedMs < oldestMs) watched.open.end(unproved());
      else if (!watched.judging) void this.#look(watched);
    }
  }

  async #look(watched: Watched): Promise<void> {
    watched.judging = true;
    watched.askedMs ??= performance.now();
    try {
      await this.#judge(watched.request);
      watched.askedMs = undefined;
    } catch (error) {
      if (error instanceof AccessDenied) watched.open.end(error);
      else this.#warn(error);
    } finally {
      watched.judging = false;
    }
  }

  /** Once for all streams that it concerns. */
  #warn(error: unknown): void {
    if (performance.now() - this.#warnedMs < this.#maxDoubtMs) return;
    this.#warnedMs = performance.now();
    this.#logger.warn({ error: String(error) }, 'rights to open streams cannot be proved, and are looked at again');
  }
}

const unproved = () =>
  new ProblemError(
    503,
    'access_unproved',
    'whether you may read on cannot be found out now; connect again in a moment',
  );
