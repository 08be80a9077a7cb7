import type { RecordedEvent } from '#contracts';
import type { PoolClient } from 'pg';

import type { TestDatabase } from '../database/index.js';

/** One row for every time that an event took effect: nothing hides a second time. */
export interface Effect {
  shard: number;
  position: number;
  stream: string;
  version: number;
}

export const createEffects = async ({ admin }: TestDatabase): Promise<void> => {
  await admin.query(`create table public.effect (
    nr bigint generated always as identity, consumer text not null, shard smallint not null, position bigint not null,
    stream text not null, version integer not null)`);
  await admin.query('grant insert on public.effect to billing_projector');
};

/** The handler that most cases use: it writes down what it was given, in the transaction it was given. */
export const recordEffects =
  (consumer: string) =>
  async (events: readonly RecordedEvent[], client: PoolClient): Promise<void> => {
    await client.query(
      `insert into public.effect (consumer, shard, position, stream, version)
      select $1, e.* from unnest($2::smallint[], $3::bigint[], $4::text[], $5::integer[]) as e`,
      [
        consumer,
        events.map((event) => event.shard),
        events.map((event) => event.position),
        events.map((event) => event.streamId),
        events.map((event) => event.version),
      ],
    );
  };

/** What took effect for a consumer, in the order in which it did. */
export const effectsOf = async ({ admin }: TestDatabase, consumer: string): Promise<Effect[]> => {
  const { rows } = await admin.query<Effect & { position: string }>(
    'select shard, position, stream, version from public.effect where consumer = $1 order by nr',
    [consumer],
  );
  return rows.map((row) => ({ ...row, position: Number(row.position) }));
};

/** A consumer's dead letters, in the order of the log. */
export const deadLettersOf = async (
  { admin }: TestDatabase,
  consumer: string,
): Promise<{ stream: string; reason: string; error: string | null; tries: number }[]> => {
  const { rows } = await admin.query<{ stream: string; reason: string; error: string | null; tries: number }>(
    'select stream_id as stream, reason, error, tries from billing.dead_letter where consumer = $1 order by shard, position',
    [consumer],
  );
  return rows;
};
