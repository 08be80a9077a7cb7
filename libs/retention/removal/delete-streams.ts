import type { PoolClient } from 'pg';

export interface StreamKey {
  tenant_id: string;
  stream_id: string;
}

/** A shard is closed to appends while its events are removed: less than an append waits for it. */
const batchMs = 4_000;
/** A stream goes whole, and one of thousands of events takes longer. */
const oneStreamMs = 30_000;

/** SQLSTATE */
const query_canceled = '57014';

/**
 * Removes whole streams of a shard, and tells of each part that is gone how many events it was. One statement is one transaction, so that nothing is
 * held while nobody is there who would end it; streams that do not go within four seconds together go by halves. `client` acts as
 * billing_retention; its next transactions are read committed, which the rule of migrations/0027_retention.sql asks for. Throws what Postgres raised.
 */
export const deleteStreams = async (
  client: PoolClient,
  shard: number,
  streams: readonly StreamKey[],
  onRemoved: (events: number) => void,
): Promise<void> => {
  await client.query('set session characteristics as transaction isolation level read committed');
  try {
    await deleteByHalves(client, shard, streams, onRemoved);
  } finally {
    // Of a connection that is lost, whoever asks next is told.
    await client.query('reset statement_timeout').catch(() => undefined);
  }
};

const deleteByHalves = async (
  client: PoolClient,
  shard: number,
  streams: readonly StreamKey[],
  onRemoved: (events: number) => void,
): Promise<void> => {
  try {
    const timeoutMs = streams.length === 1 ? oneStreamMs : batchMs;
    await client.query(`select set_config('statement_timeout', $1, false)`, [String(timeoutMs)]);
    const { rowCount } = await client.query(
      `delete from billing.event using unnest($2::uuid[], $3::text[]) as s (of_tenant, of_stream)
      where shard = $1 and tenant_id = s.of_tenant and stream_id = s.of_stream`,
      [shard, streams.map((each) => each.tenant_id), streams.map((each) => each.stream_id)],
    );
    onRemoved(rowCount ?? 0);
  } catch (error) {
    if ((error as { code?: string }).code !== query_canceled || streams.length === 1) throw error;
    const half = Math.ceil(streams.length / 2);
    await deleteByHalves(client, shard, streams.slice(0, half), onRemoved);
    await deleteByHalves(client, shard, streams.slice(half), onRemoved);
  }
};
