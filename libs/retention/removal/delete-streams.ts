import type { PoolClient } from 'pg';

export interface StreamKey {
  tenant_id: string;
  stream_id: string;
}

/** How long one statement may take, in milliseconds. */
export interface RemovalBounds {
  /** Of several streams: a shard is closed to appends while its events are removed, for less than an append waits. */
  togetherMs: number;
  /** Of one stream, which goes whole, and may have thousands of events. */
  aloneMs: number;
}

/** `togetherMs` is more than a statement waits for its shard (`hold_shard`, migrations/0027_retention.sql). */
export const removalBounds: RemovalBounds = { togetherMs: 4_000, aloneMs: 30_000 };

export interface DeletionOptions {
  bounds?: RemovalBounds | undefined;
  /** Nothing more is begun once it is aborted. */
  signal?: AbortSignal | undefined;
  /** Told of each part that is gone, how many events it was. */
  onRemoved: (events: number) => void;
}

/** SQLSTATE */
const query_canceled = '57014';
/** Of its time, what a statement has had that Postgres ended because of it. Others are ended by a person, at any moment. */
const aboutAll = 0.9;

/**
 * Removes whole streams of a shard, and gives those back that stay because one statement is too short for them. One statement is one transaction,
 * so that nothing is held while nobody is there who would end it; streams that do not go in time together go by halves. `client` acts as
 * billing_retention; its next transactions are read committed, which the rule of migrations/0027_retention.sql asks for. Throws what Postgres raised.
 */
export const deleteStreams = async (
  client: PoolClient,
  shard: number,
  streams: readonly StreamKey[],
  options: DeletionOptions,
): Promise<StreamKey[]> => {
  await client.query('set session characteristics as transaction isolation level read committed');
  try {
    return await deleteByHalves(client, shard, streams, options);
  } finally {
    // Of a connection that is lost, whoever asks next is told.
    await client.query('reset statement_timeout').catch(() => undefined);
  }
};

const deleteByHalves = async (
  client: PoolClient,
  shard: number,
  streams: readonly StreamKey[],
  options: DeletionOptions,
): Promise<StreamKey[]> => {
  const { bounds = removalBounds, signal, onRemoved } = options;
  if (signal?.aborted === true) return [];
  const timeoutMs = streams.length === 1 ? bounds.aloneMs : bounds.togetherMs;
  await client.query(`select set_config('statement_timeout', $1, false)`, [String(timeoutMs)]);
  const began = performance.now();
  try {
    const { rowCount } = await client.query(
      `delete from billing.event using unnest($2::uuid[], $3::text[]) as s (of_tenant, of_stream)
      where shard = $1 and tenant_id = s.of_tenant and stream_id = s.of_stream`,
      [shard, streams.map((each) => each.tenant_id), streams.map((each) => each.stream_id)],
    );
    onRemoved(rowCount ?? 0);
    return [];
  } catch (error) {
    const isTooMuch =
      (error as { code?: string }).code === query_canceled && performance.now() - began >= timeoutMs * aboutAll;
    if (!isTooMuch) throw error;
  }
  if (streams.length === 1) return [...streams];
  const half = Math.ceil(streams.length / 2);
  return [
    ...(await deleteByHalves(client, shard, streams.slice(0, half), options)),
    ...(await deleteByHalves(client, shard, streams.slice(half), options)),
  ];
};
