import type { EventRow } from '#event-store';
import type { Pool, PoolClient } from 'pg';

type Stream = Pick<EventRow, 'tenant_id' | 'stream_id'>;

const keyOf = ({ tenant_id, stream_id }: Stream): string => `${tenant_id}/${stream_id}`;

/**
 * The streams a consumer has given up on. A poison event blocks only its own stream: the later events of that stream are set
 * aside behind it, in order, and everything else goes on.
 */
export class DeadLetters {
  readonly #consumer: string;
  readonly #blocked = new Set<string>();

  constructor(consumer: string) {
    this.#consumer = consumer;
  }

  async load(pool: Pool): Promise<void> {
    const { rows } = await pool.query<Stream>(
      'select distinct tenant_id, stream_id from billing.dead_letter where consumer = $1',
      [this.#consumer],
    );
    this.#blocked.clear();
    for (const row of rows) this.#blocked.add(keyOf(row));
  }

  isBlocked(row: EventRow): boolean {
    return this.#blocked.size > 0 && this.#blocked.has(keyOf(row));
  }

  /** Sets a poison event aside; its stream is blocked once the transaction of `client` has committed and `block` was called. */
  async addPoison(client: PoolClient, row: EventRow, error: unknown, tries: number): Promise<void> {
    const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    await this.#insert(client, [row], 'poison', said, tries);
  }

  async addBlocked(client: PoolClient, rows: readonly EventRow[]): Promise<void> {
    await this.#insert(client, rows, 'blocked', null, 0);
  }

  block(row: EventRow): void {
    this.#blocked.add(keyOf(row));
  }

  async #insert(
    client: PoolClient,
    rows: readonly EventRow[],
    reason: 'poison' | 'blocked',
    error: string | null,
    tries: number,
  ): Promise<void> {
    await client.query(
      `insert into billing.dead_letter (consumer, shard, position, tenant_id, stream_id, event_id, event_type, reason, error, tries)
       select $1, e.*, $8, $9, $10 from unnest($2::smallint[], $3::bigint[], $4::uuid[], $5::text[], $6::uuid[], $7::text[]) as e
       on conflict (consumer, shard, position) do nothing`,
      [
        this.#consumer,
        rows.map((row) => row.shard),
        rows.map((row) => row.position),
        rows.map((row) => row.tenant_id),
        rows.map((row) => row.stream_id),
        rows.map((row) => row.event_id),
        rows.map((row) => row.type),
        reason,
        error,
        tries,
      ],
    );
  }
}
