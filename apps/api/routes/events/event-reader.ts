import type { EventRow, TenantEvents, TenantEventsQuery } from '#event-store';
import { eventLine, readTenantEvents } from '#event-store';
import type { Pool } from 'pg';

import { ProblemError } from '../../http/problem.js';
import { Turns } from './turns.js';

/** Of the pool's connections, so that commands are not kept waiting by those who read. */
const readsAtOnce = 3;
/** Of 20,000 positions each: what one request looks through at most. */
const maxLooks = 10;

/** Reads tenants' events, a few readers at a time. */
export class EventReader {
  readonly #pool: Pool;
  readonly #turns = new Turns(readsAtOnce);

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** One bounded look. Throws ProblemError for a position that the shard does not have yet. */
  async look(query: TenantEventsQuery): Promise<TenantEvents> {
    const found = await this.#turns.take(() => readTenantEvents(this.#pool, query));
    if (query.after > found.head) {
      throw new ProblemError(
        400,
        'position_unknown',
        `shard ${query.shard} has no position ${query.after} yet; it ends at ${found.head}`,
        { field: 'after' },
      );
    }
    return found;
  }

  /** Looks on until there are `limit` events, or the end of the shard, or enough was looked through for one request. */
  async page(query: TenantEventsQuery): Promise<TenantEvents> {
    let found = await this.look(query);
    const rows = [...found.rows];
    for (let looks = 1; looks < maxLooks && rows.length < query.limit && found.upTo < found.head; looks += 1) {
      found = await this.look({ ...query, after: found.upTo, limit: query.limit - rows.length });
      rows.push(...found.rows);
    }
    return { ...found, rows };
  }
}

/** The line of an event, or what to answer about one that this release cannot read. */
export const lineOf = (row: EventRow): string | ProblemError => {
  try {
    return eventLine(row);
  } catch (error) {
    return new ProblemError(
      503,
      'event_unreadable',
      `the event at ${row.shard}:${row.position} cannot be read: ${(error as Error).message}`,
      { position: `${row.shard}:${row.position}` },
    );
  }
};
