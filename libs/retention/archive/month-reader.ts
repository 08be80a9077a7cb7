import type { AuditedEvent, AuditedRow, LeafRuns } from '#audit-log';
import { auditedColumns, auditedFrom } from '#audit-log';
import type { AuditSalts, Keys } from '#keys';
import type { Pool } from 'pg';

import type { ArchivedEvent } from './archived-event.js';

/** A month (UTC) of one shard. */
export interface ShardMonth {
  shard: number;
  /** `2019-01`. */
  month: string;
}

/** Where a month lies in its shard. */
export interface Extent {
  events: number;
  /** Between them there may be events of the months beside it. */
  firstPosition: number;
  lastPosition: number;
}

/** Raised while events of a month are not in the audit log's published tree. */
export class NotSealed extends Error {
  constructor({ shard, month }: ShardMonth, position: number) {
    super(
      `position ${position} of shard ${shard} is under no published checkpoint of the audit log: ${month} can be archived once the anchor has caught up`,
    );
    this.name = 'NotSealed';
  }
}

const pageSize = 2_000;
/** Statements of this module that look for the rows of a month, of the table `event` itself. */
const within = `event.shard = $1 and event.recorded_at >= ($2 || '-01')::timestamp at time zone 'UTC'
  and event.recorded_at < (($2 || '-01')::timestamp + interval '1 month') at time zone 'UTC'`;

/** Reads the events of months, each with its leaf and what opens it. */
export class MonthReader {
  constructor(
    /** Reads the events of every tenant. */
    private readonly pool: Pick<Pool, 'query'>,
    private readonly runs: Pick<LeafRuns, 'indexesOf'>,
    private readonly keys: Pick<Keys, 'auditSalts'>,
  ) {}

  /** Undefined where nothing was recorded in that month, or nothing is left. */
  async extentOf({ shard, month }: ShardMonth): Promise<Extent | undefined> {
    const { rows } = await this.pool.query<{ events: string; first: string | null; last: string | null }>({
      name: 'extent_of_month',
      text: `select count(*) as events, min(position) as first, max(position) as last from billing.event where ${within}`,
      values: [shard, month],
    });
    const [found] = rows;
    if (typeof found?.first !== 'string') return undefined;
    return { events: Number(found.events), firstPosition: Number(found.first), lastPosition: Number(found.last) };
  }

  /**
   * The events of a month whose positions are from `first` to `last`, in their order, a page at a time. Throws NotSealed for one that has no leaf
   * among the first `treeSize`.
   */
  async *read(
    of: ShardMonth,
    { first, last }: { first: number; last: number },
    treeSize: number,
  ): AsyncGenerator<ArchivedEvent[]> {
    for (let after = first - 1; after < last;) {
      const { rows } = await this.pool.query<AuditedRow>({
        name: 'page_of_month',
        text: `select ${auditedColumns} from billing.event where ${within} and event.position > $3 and event.position <= $4
          order by event.position limit ${pageSize}`,
        values: [of.shard, of.month, after, last],
      });
      const events = rows.map(auditedFrom);
      if (events.length > 0) yield await this.#opened(of, events, treeSize);
      if (events.length < pageSize) return;
      after = events.at(-1)?.position ?? last;
    }
  }

  async #opened(of: ShardMonth, events: readonly AuditedEvent[], treeSize: number): Promise<ArchivedEvent[]> {
    const leaves = await this.runs.indexesOf(events);
    const salts = new Map<string, AuditSalts>();
    for (const { tenantId } of events)
      if (!salts.has(tenantId)) salts.set(tenantId, await this.keys.auditSalts(tenantId));
    return events.map((event, at) => {
      const leafIndex = leaves[at];
      const saltOf = salts.get(event.tenantId);
      if (leafIndex === undefined || leafIndex >= treeSize || !saltOf) throw new NotSealed(of, event.position);
      return { ...event, leafIndex, salt: saltOf(event.eventId) };
    });
  }
}
