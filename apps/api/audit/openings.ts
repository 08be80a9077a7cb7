import { formatOpening } from '#audit';
import type { AuditedEvent, TenantPlace } from '#audit-log';
import { LeafRuns, openingOf, tenantEventsBetween } from '#audit-log';
import { Keys } from '#keys';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';

import { Turns } from '../routes/events/turns.js';
import { inconsistent } from './problems.js';
import { PublishedLog } from './published-log.js';
import type { KnownEnds } from './sealed-ends.js';
import { SealedEnds } from './sealed-ends.js';

/** Positions of a shard that one query walks, and how many such walks one request has: the tenants of a shard lie mixed. */
const windowSize = 20_000;
const maxLooks = 10;
/** Of the pool's connections, so that commands are not kept waiting by those who verify. */
const readsAtOnce = 2;
/** The anchor writes the places of leaves right after it has published them: how long that is waited for, and how often it is looked. */
const patienceMs = 2_000;
const lookMs = 50;

/** A page of a tenant's leaves, opened. */
export interface OpenedPage {
  /** Lines of JSON, `{"index":i,"opening":{...}}`, in the log's order. */
  lines: string[];
  /** The leaf up to which the log was looked through: where to go on. */
  upTo: number;
  /** Leaves of the published tree. */
  size: number;
}

/** Opens a tenant's own leaves for whoever verifies the log. Whether an event still is what was sealed is theirs to find out. */
@Injectable()
export class TenantOpenings {
  readonly #turns = new Turns(readsAtOnce);

  constructor(
    private readonly log: PublishedLog,
    private readonly runs: LeafRuns,
    private readonly ends: SealedEnds,
    private readonly pool: Pool,
    private readonly keys: Keys,
  ) {}

  /**
   * The first `limit` leaves of the tenant after leaf `after` (-1: from the first), among 200,000 positions of its shard. Throws ProblemError 503
   * where a leaf would be left out because Postgres and the log do not agree.
   */
  async page(place: TenantPlace, after: number, limit: number): Promise<OpenedPage> {
    const { leaves: size, positions } = await this.#known();
    const end = positions.get(place.shard) ?? 0;
    const from = await this.runs.positionAt(place.shard, after);
    const { events, position } = await this.#look(place, { after: from, upTo: end, limit });
    const lines = await this.#lines(place.tenantId, events);
    const upTo = position < end ? await this.runs.indexOf(place.shard, position) : Math.max(after, size - 1);
    if (upTo === undefined) throw notFound(place.shard, position);
    return { lines, upTo, size };
  }

  /** How far the shards are in the whole of the published log. */
  async #known(): Promise<KnownEnds> {
    for (const until = Date.now() + patienceMs; ;) {
      const head = await this.log.head();
      if (!head) return { leaves: 0, positions: new Map() };
      const known = await this.ends.under(head);
      if (known.leaves === head.size) return known;
      if (Date.now() > until)
        throw inconsistent(`audit_leaf_run knows ${known.leaves} of ${head.size} leaves of the published audit log`);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }

  async #look(
    place: TenantPlace,
    { after, upTo, limit }: { after: number; upTo: number; limit: number },
  ): Promise<{ events: AuditedEvent[]; position: number }> {
    const events: AuditedEvent[] = [];
    let position = after;
    for (let looks = 0; looks < maxLooks && events.length < limit && position < upTo; looks += 1) {
      const window = {
        after: position,
        upTo: Math.min(upTo, position + windowSize),
        limit: limit - events.length,
      };
      const found = await this.#turns.take(() => tenantEventsBetween(this.pool, place, window));
      events.push(...found);
      position = events.length >= limit ? (found.at(-1)?.position ?? window.upTo) : window.upTo;
    }
    return { events, position };
  }

  async #lines(tenantId: string, events: readonly AuditedEvent[]): Promise<string[]> {
    const [indexes, salts] = await Promise.all([this.runs.indexesOf(events), this.keys.auditSalts(tenantId)]);
    return events.map((event, at) => {
      const index = indexes[at];
      if (index === undefined) throw notFound(event.shard, event.position);
      const opening = Buffer.from(formatOpening(openingOf(event, salts(event.eventId)))).toString();
      return `{"index":${index},"opening":${opening}}`;
    });
  }
}

const notFound = (shard: number, position: number): Error =>
  inconsistent(`position ${position} of shard ${shard} is sealed, and audit_leaf_run does not say where`);
