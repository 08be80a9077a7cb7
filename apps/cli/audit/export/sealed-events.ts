import type { Leaf, Opening } from '#audit';
import { openingOf, readAudited } from '#audit-log';
import type { AuditedEvent } from '#audit-log';
import type { Keys } from '#keys';
import type { Pool } from 'pg';

/** The events of some leaves, as far as they are in the database. */
export interface EventsOfLeaves {
  /** By index of the leaf; of the one tenant that was asked for, if one was. */
  openings: Map<number, Opening>;
  /** Leaves whose events are not in the database, although nobody removed them after their retention. */
  missing: Leaf[];
}

const placeOf = ({ shard, position }: { shard: number; position: number }): string =>
  `${String(shard)}:${String(position)}`;

const removedSql = `select s.shard, s.position from unnest($1::smallint[], $2::bigint[]) as s (shard, position)
  where exists (select from billing.event_removed r
    where r.shard = s.shard and s.position between r.first_position and r.last_position)`;

/** Reads the events of leaves out of the database, with the salts of their commitments. */
export class SealedEvents {
  constructor(
    /** Acts as a role that reads the events of every tenant. */
    private readonly events: Pool,
    private readonly keys: Pick<Keys, 'auditSalts'>,
    private readonly tenantId: string | undefined,
  ) {}

  /** Those of some leaves that lie next to each other, 256 at most. */
  async of(leaves: readonly Leaf[]): Promise<EventsOfLeaves> {
    const found = new Map((await this.#read(leaves)).map((event) => [placeOf(event), event]));
    const absent = leaves.filter(({ entry }) => !found.has(placeOf(entry)));
    const openings = new Map<number, Opening>();
    for (const { index, entry } of leaves) {
      const event = found.get(placeOf(entry));
      if (!event || (this.tenantId !== undefined && event.tenantId !== this.tenantId)) continue;
      openings.set(index, await this.#open(event));
    }
    return { openings, missing: await this.#notRemoved(absent) };
  }

  /** In the log, the leaves of a shard that lie next to each other have positions that do. */
  async #read(leaves: readonly Leaf[]): Promise<AuditedEvent[]> {
    const after = new Map<number, number>();
    for (const { entry } of leaves)
      after.set(entry.shard, Math.min(after.get(entry.shard) ?? Infinity, entry.position - 1));
    return readAudited(this.events, after, leaves.length);
  }

  async #open(event: AuditedEvent): Promise<Opening> {
    const saltOfEvent = await this.keys.auditSalts(event.tenantId);
    return openingOf(event, saltOfEvent(event.eventId));
  }

  async #notRemoved(absent: readonly Leaf[]): Promise<Leaf[]> {
    if (absent.length === 0) return [];
    const { rows } = await this.events.query<{ shard: number; position: string }>({
      name: 'removed_after_retention',
      text: removedSql,
      values: [absent.map(({ entry }) => entry.shard), absent.map(({ entry }) => entry.position)],
    });
    const removed = new Set(rows.map(({ shard, position }) => placeOf({ shard, position: Number(position) })));
    return absent.filter(({ entry }) => !removed.has(placeOf(entry)));
  }
}
