import { randomUUID } from 'node:crypto';

import type { AppendBatch } from '#event-store';
import { appendOver } from '#event-store';

import type { TestDatabase } from '../database/index.js';

/** Appends to streams of its own, through the append function, as a command would. */
export class StreamWriter {
  readonly #append: AppendBatch;
  readonly #versions = new Map<string, number>();

  private constructor(
    readonly database: TestDatabase,
    readonly tenantId: string,
    readonly shard: number,
  ) {
    this.#append = appendOver(database.pool('billing_api', { max: 2 }));
  }

  /** A writer for a new tenant in `shard`. */
  static async in(database: TestDatabase, shard: number): Promise<StreamWriter> {
    return new StreamWriter(database, await database.addTenant({ shard }), shard);
  }

  newStream(): string {
    return `payment-${randomUUID()}`;
  }

  /** Appends one event to each of the named streams, which may repeat, in this order. */
  async append(...streamIds: string[]): Promise<void> {
    for (const streamId of streamIds) {
      const expectedVersion = this.#versions.get(streamId) ?? 0;
      const commandId = randomUUID();
      const [result] = await this.#append(this.shard, [
        {
          tenantId: this.tenantId,
          commandId,
          fingerprint: Buffer.from('same'),
          streamId,
          expectedVersion,
          events: [{ type: 'PaymentCreated' }],
          correlationId: commandId,
          actor: { type: 'system', subject: 'contract' },
        },
      ]);
      if (result?.status !== 'ok') throw new Error(`append to ${streamId} ended in ${result?.status}`);
      this.#versions.set(streamId, result.version);
    }
  }

  /** Puts an event into the log that no release reads: of a type from the future. */
  async appendUnreadable(streamId: string): Promise<void> {
    const version = (this.#versions.get(streamId) ?? 0) + 1;
    await this.database.admin.query(
      `with head as (update billing.log_head set position = position + 1 where shard = $1 returning position),
      moved as (
        insert into billing.stream (tenant_id, stream_id, version) values ($2, $3, $4)
        on conflict (tenant_id, stream_id) do update set version = excluded.version)
      insert into billing.event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id,
        causation_id, data, metadata)
      select $1, position, $2, $3, $4, gen_random_uuid(), 'FromTheFuture', 1, gen_random_uuid(), gen_random_uuid(), '{}',
        '{"actor":{"type":"system","subject":"contract"}}' from head`,
      [this.shard, this.tenantId, streamId, version],
    );
    this.#versions.set(streamId, version);
  }
}
