import type { FactRecorder } from '#command-handling/facts';
import { Contended, paymentMethods } from '#command-handling/facts';
import { derivedId, streamIdOf } from '#contracts';
import type { TenantShards } from '#event-store';
import { StoreOverloaded, isTransient } from '#event-store';
import type { Keys } from '#keys';
import { KeyManagementUnavailable } from '#keys';
import type { Logger } from '#platform/logging';
import { Rounds } from '#platform/waiting';
import { expiresOn as lastMonthOf } from '#projections';

import { openDetails } from '../operations/details.js';
import { endsSoon } from './expiry-date.js';
import type { SweepStore, Swept } from './sweep-store.js';

export interface ExpirySweepOptions {
  store: SweepStore;
  keys: Keys;
  streams: FactRecorder;
  shards: TenantShards;
  logger: Logger;
  now: () => Date;
  /** How often to look whether a page is due. Default 60,000. */
  pollMs?: number;
  /** Payment methods of one page at most. Default 200. */
  pageSize?: number;
}

const dayMs = 24 * 3_600_000;
/** How long a page is one gateway's own: what it leaves behind when it dies, another takes up then. */
const leaseMs = 300_000;
/** Between two pages, so that a walk through many never crowds out charges. */
const betweenPagesMs = 100;

/** What is wrong with this process or what it works with, and not with one payment method. */
const isForAll = (error: unknown): boolean =>
  error instanceof KeyManagementUnavailable ||
  error instanceof Contended ||
  error instanceof StoreOverloaded ||
  isTransient(error);

/**
 * Once a day looks through all cards for those that end soon, and records a notice of each: once for each date, however many gateways
 * there are and however often a walk begins again.
 */
export class ExpirySweep {
  readonly #options: ExpirySweepOptions;
  readonly #rounds = new Rounds();

  constructor(options: ExpirySweepOptions) {
    this.#options = options;
  }

  /** Begins to look for pages that are due. */
  start(): void {
    const { pollMs = 60_000, logger } = this.#options;
    this.#rounds.start(
      async () => ((await this.#sweepPage()) ? betweenPagesMs : pollMs),
      (error) => {
        const name = error instanceof Error ? error.name : 'unexpected';
        logger.warn({ error: name }, 'cards that end soon could not be looked for; it is tried again');
        return pollMs;
      },
    );
  }

  /** Leaves the walk, after the payment method in hand, to whoever comes next; waits for that `graceMs` at most. */
  async close(graceMs = 8_000): Promise<void> {
    await this.#rounds.close(graceMs);
  }

  /** Looks through the next page, where one is due. Gives whether there is another one. */
  async #sweepPage(): Promise<boolean> {
    const { store, pageSize = 200 } = this.#options;
    const taken = await store.take(leaseMs);
    if (!taken) return false;
    const page = await store.page(taken.place, pageSize);
    for (const each of page) {
      if (this.#rounds.closed) {
        await store.save(taken, taken.place, 0);
        return false;
      }
      await this.#look(each);
    }
    const last = page.length === pageSize ? page.at(-1) : undefined;
    const place = last && { tenantId: last.tenantId, paymentMethodId: last.method.paymentMethodId };
    const isOurs = await store.save(taken, place, place ? 0 : dayMs);
    return isOurs && place !== undefined;
  }

  async #look(swept: Swept): Promise<void> {
    try {
      const expiresOn = await this.#endOf(swept);
      if (expiresOn !== undefined) await this.#notice(swept, expiresOn);
    } catch (error) {
      if (isForAll(error)) throw error;
      const { tenantId, method } = swept;
      const context = { tenantId, paymentMethodId: method.paymentMethodId, error: (error as Error).name };
      this.#options.logger.error(context, 'a payment method could not be looked at for its end; the others are');
    }
  }

  /** When a card ends, where that is soon and was not told yet. */
  async #endOf({ tenantId, method }: Swept): Promise<string | undefined> {
    const { paymentMethodId, customerId, kind, attachment, detached, expiryNotices = {} } = method;
    if (kind !== 'card' || attachment.phase !== 'attached' || detached) return undefined;
    const { keys, now } = this.#options;
    const details = await openDetails({ tenantId, customerId, paymentMethodId }, attachment.details, keys);
    if (details === 'erased' || !('expMonth' in details)) return undefined;
    const expiresOn = lastMonthOf(details);
    return endsSoon(expiresOn, now()) && !expiryNotices[expiresOn] ? expiresOn : undefined;
  }

  async #notice({ tenantId, method: { paymentMethodId } }: Swept, expiresOn: string): Promise<void> {
    const { streams, shards, now } = this.#options;
    const place = {
      tenantId,
      shard: await shards.of(tenantId),
      streamId: streamIdOf('payment_method', paymentMethodId),
    };
    const commandId = derivedId(paymentMethodId, `expires on ${expiresOn}`);
    const context = { ...place, commandId, correlationId: commandId };
    const fact = { type: 'RecordPaymentMethodExpiring', expiresOn, at: now().toISOString() } as const;
    await streams.record(paymentMethods, context, [fact], await streams.load(paymentMethods, place));
  }
}
