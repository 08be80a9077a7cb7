import type { Readable } from 'node:stream';

import { ProblemError } from '../../http/problem.js';

/** How long streams get to end by themselves when the service stops. */
const graceMs = 1_000;
/** How long a client gets to take the last words of its stream. */
const lastWordsMs = 5_000;

export interface StreamLimits {
  perTenant: number;
  perProcess: number;
}

/** One open stream: when to end, and how to say that it has ended. */
export interface OpenStream {
  signal: AbortSignal;
  /** Ends it; an error is told to a client that takes it within five seconds. */
  end(reason?: Error): void;
  /** Has to be called once the answer is under way: what to cut when it does not end by itself. */
  carriedBy(body: Readable): void;
}

/** The streams that this process has open: bounded, and ended when it stops, so that none of them holds the server up. */
export class OpenStreams {
  readonly #limits: StreamLimits;
  readonly #ofTenant = new Map<string, number>();
  readonly #open = new Map<AbortController, Readable | undefined>();
  #stopping = false;

  constructor(limits: StreamLimits = { perTenant: 20, perProcess: 500 }) {
    this.#limits = limits;
  }

  /** Takes a place until the stream has ended. Throws ProblemError: 429 for a tenant with too many, 503 for a full process. */
  open(tenantId: string): OpenStream {
    const ofTenant = this.#ofTenant.get(tenantId) ?? 0;
    if (ofTenant >= this.#limits.perTenant) {
      const detail = `a tenant may have ${this.#limits.perTenant} event streams open here; close one first`;
      throw new ProblemError(429, 'too_many_streams', detail, {}, { 'retry-after': '5' });
    }
    if (this.#stopping || this.#open.size >= this.#limits.perProcess) {
      const detail = 'this process has no room for another event stream; try again in a moment';
      throw new ProblemError(503, 'overloaded', detail, {}, { 'retry-after': '5' });
    }
    const controller = new AbortController();
    this.#open.set(controller, undefined);
    this.#ofTenant.set(tenantId, ofTenant + 1);
    return {
      signal: controller.signal,
      end: (reason) => {
        controller.abort(reason ?? 'over');
        const body = this.#open.get(controller);
        if (body === undefined) this.#release(controller, tenantId);
        else cutLater(body);
      },
      carriedBy: (body) => {
        this.#open.set(controller, body);
        body.once('close', () => {
          controller.abort('over');
          this.#release(controller, tenantId);
        });
      },
    };
  }

  /** Called by Nest before the server closes. Ends every stream; one whose client does not take its last words is cut. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping = true;
    for (const controller of this.#open.keys()) controller.abort('over');
    const deadline = Date.now() + graceMs;
    while (this.#open.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const body of this.#open.values()) body?.destroy(new Error('the service stops'));
  }

  #release(controller: AbortController, tenantId: string): void {
    if (!this.#open.delete(controller)) return;
    const left = (this.#ofTenant.get(tenantId) ?? 1) - 1;
    if (left > 0) this.#ofTenant.set(tenantId, left);
    else this.#ofTenant.delete(tenantId);
  }
}

/** A client that takes nothing would keep its place for ever. */
const cutLater = (body: Readable): void => {
  const timer = setTimeout(() => {
    body.destroy(new Error('the client does not take the end of its stream'));
  }, lastWordsMs).unref();
  body.once('close', () => {
    clearTimeout(timer);
  });
};
