import type { Logger } from '../logging/index.js';
import type { Registry } from '../metrics/index.js';
import { Counter } from '../metrics/index.js';
import type { RefusalReason } from './refusal.js';
import { isOfAccess } from './refusal.js';

/** One line of a reason in this time; those in between are counted on the next. */
const quietMs = 10_000;
/** Load balancers knock and go away: counted, but worth no line. */
const unremarkable: ReadonlySet<RefusalReason> = new Set(['closed']);

/** What is known of whom was refused: nothing personal, and as long as it is at most. */
export interface Refused {
  /** Where an authority of ours vouches for it. */
  spiffeId?: string | undefined;
  fingerprint?: string | undefined;
  /** Of the connection, or the one that a trusted proxy forwards. Never logged as it is. */
  address?: string | undefined;
  /** Of a request that was refused. */
  requestId?: string | undefined;
}

/** Somebody who was denied access by their certificate, or for the lack of one. */
export type AccessRefusal = { reason: RefusalReason } & Pick<Refused, 'spiffeId' | 'address' | 'requestId'>;

/**
 * Counts what was refused before it was a request, and logs it without letting anybody flood the log. `denied` is told of each denial of
 * access; it returns at once and never throws.
 */
export class RefusalRecord {
  readonly #counter: Counter<'listener' | 'reason'>;
  readonly #told = new Map<string, { at: number; since: number }>();

  constructor(
    registry: Registry,
    private readonly logger: Logger,
    private readonly denied: (refusal: AccessRefusal) => void,
    private readonly now: () => number = Date.now,
  ) {
    this.#counter = new Counter({
      name: 'billing_tls_refusals_total',
      help: 'Connections, and requests by their certificate, that were refused, by listener and reason',
      labelNames: ['listener', 'reason'],
      registers: [registry],
    });
  }

  refused(listener: string, reason: RefusalReason, who: Refused = {}): void {
    this.#counter.inc({ listener, reason });
    const { spiffeId: whose, address, requestId } = who;
    if (isOfAccess(reason)) this.denied({ reason, spiffeId: whose, address, requestId });
    if (unremarkable.has(reason)) return;
    const key = `${listener} ${reason}`; // one of few
    const told = this.#told.get(key);
    const now = this.now();
    if (told && now - told.at < quietMs) {
      told.since += 1;
      return;
    }
    this.#told.set(key, { at: now, since: 0 });
    const spiffeId = whose?.slice(0, 256);
    this.logger.warn(
      {
        listener,
        reason,
        ...(spiffeId !== undefined && { spiffeId }),
        ...(who.fingerprint !== undefined && { fingerprint: who.fingerprint }),
        ...(told && told.since > 0 && { unreported: told.since }),
      },
      'a client was refused',
    );
  }
}
