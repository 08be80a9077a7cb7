import type { AuditedEvent } from '#audit-log';
import { Keys } from '#keys';
import { Injectable } from '@nestjs/common';

import { inconsistent } from './problems.js';
import type { PublishedHead } from './published-log.js';
import { PublishedLog } from './published-log.js';
import { Receipts } from './receipts.js';
import { SealedEnds } from './sealed-ends.js';
import { SealedPlaces } from './sealed-places.js';

/** Where an event stands, and its receipt as a file. */
export interface Proof {
  /** The leaf, 0-based. */
  index: number;
  receipt: string;
}

/** How long a sealed event waits for a checkpoint that covers it, between two looks. */
const lookMs = 100;

/** Proofs that events of one tenant are in the published log. */
@Injectable()
export class Proofs {
  constructor(
    private readonly log: PublishedLog,
    private readonly places: SealedPlaces,
    private readonly ends: SealedEnds,
    private readonly receipts: Receipts,
    private readonly keys: Keys,
  ) {}

  /**
   * The proof of an event, waited for until `timeoutMs`; undefined when no published checkpoint covers it by then. Throws ProblemError 503
   * where the store is away, and where the log and the event do not agree.
   */
  async of(event: AuditedEvent, timeoutMs: number): Promise<Proof | undefined> {
    const until = Date.now() + timeoutMs;
    const index = await this.places.indexOf(event, timeoutMs);
    if (index === undefined) await this.#assertNotSealed([event]);
    const head = index === undefined ? undefined : await this.#headOver(index, until);
    if (index === undefined || !head) return undefined;
    const salts = await this.keys.auditSalts(event.tenantId);
    return { index, receipt: await this.receipts.of(event, salts, index, head) };
  }

  /**
   * The proofs of events of one stream, in their order; undefined for those that no published checkpoint covers by `timeoutMs`. Throws as `of` does.
   */
  async ofAll(tenantId: string, events: readonly AuditedEvent[], timeoutMs: number): Promise<(Proof | undefined)[]> {
    const last = events.at(-1);
    if (!last) return [];
    const until = Date.now() + timeoutMs;
    if (timeoutMs > 0) await this.places.indexOf(last, timeoutMs); // a stream lies in one shard: those before it are sealed by then
    const indexes = await this.places.indexesOf(events);
    await this.#assertNotSealed(events.filter((_, at) => indexes[at] === undefined));
    const covered = await this.#headOver(Math.max(0, ...indexes.map((index) => index ?? 0)), until);
    const head = covered ?? (await this.log.head());
    const salts = await this.keys.auditSalts(tenantId);
    return Promise.all(
      events.map(async (event, at) => {
        const index = indexes[at];
        if (index === undefined || !head || index >= head.size) return undefined;
        return { index, receipt: await this.receipts.of(event, salts, index, head) };
      }),
    );
  }

  /** Of events that have no place in the log: who waits for one that is sealed would wait for ever. */
  async #assertNotSealed(events: readonly AuditedEvent[]): Promise<void> {
    const head = events.length > 0 ? await this.log.head() : undefined;
    if (!head) return;
    const { positions } = await this.ends.under(head);
    const sealed = events.filter(({ shard, position }) => position <= (positions.get(shard) ?? 0));
    const places = await this.places.indexesOf(sealed); // it may have been sealed meanwhile
    const lost = sealed.find((_, at) => places[at] === undefined);
    if (lost)
      throw inconsistent(
        `position ${lost.position} of shard ${lost.shard} is sealed, and audit_leaf_run does not say where`,
      );
  }

  async #headOver(index: number, until: number): Promise<PublishedHead | undefined> {
    for (;;) {
      const head = await this.log.head(index);
      if (head && head.size > index) return head;
      if (Date.now() >= until) return undefined;
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }
}
