import type { RecordedEvent } from '#contracts';
import type { Pool, PoolClient } from 'pg';

const keyOf = (event: { tenantId: string; streamId: string }): string => `${event.tenantId}/${event.streamId}`;

/**
 * The streams a consumer has given up on. A poison event blocks only its own stream: the later events of that stream are set
 * aside behind it, in order, and everything else goes on.
 */
export class DeadLetters {
  readonly #blocked = new Set<string>();

  constructor(readonly consumer: string) {}

  async load(pool: Pool): Promise<void> {
    const { rows } = await pool.query<{ tenant_id: string; stream_id: string }>(
      'select distinct tenant_id, stream_id from billing.dead_letter where consumer = $1',
      [this.consumer],
    );
    this.#blocked.clear();
    for (const row of rows) this.#blocked.add(keyOf({ tenantId: row.tenant_id, streamId: row.stream_id }));
  }

  isBlocked(event: RecordedEvent): boolean {
    return this.#blocked.size > 0 && this.#blocked.has(keyOf(event));
  }

  /** Sets a poison event aside; its stream is blocked once the transaction of `client` has committed and `block` was called. */
  async addPoison(client: PoolClient, event: RecordedEvent, error: unknown, tries: number): Promise<void> {
    await this.#insert(
      client,
      [event],
      'poison',
      error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      tries,
    );
  }

  async addBlocked(client: PoolClient, events: readonly RecordedEvent[]): Promise<void> {
    if (events.length > 0) await this.#insert(client, events, 'blocked', null, 0);
  }

  block(event: RecordedEvent): void {
    this.#blocked.add(keyOf(event));
  }

  async #insert(
    client: PoolClient,
    events: readonly RecordedEvent[],
    reason: string,
    error: string | null,
    tries: number,
  ): Promise<void> {
    await client.query(
      `insert into billing.dead_letter (consumer, shard, position, tenant_id, stream_id, event_id, event_type, reason, error, tries)
       select $1, e.*, $8, $9, $10 from unnest($2::smallint[], $3::bigint[], $4::uuid[], $5::text[], $6::uuid[], $7::text[]) as e`,
      [
        this.consumer,
        events.map((event) => event.shard),
        events.map((event) => event.position),
        events.map((event) => event.tenantId),
        events.map((event) => event.streamId),
        events.map((event) => event.eventId),
        events.map((event) => event.type),
        reason,
        error,
        tries,
      ],
    );
  }
}
