import type { EventRow } from '#event-store';
import { eventColumns, recordedFrom } from '#event-store';
import type { ClientBase } from 'pg';

import { applyInLockstep } from '../all.js';
import type { ReadModel } from '../tables/read-model.js';

const batchSize = 5_000;

export interface Progress {
  /** Events folded so far. */
  events: number;
  /** Events there are to fold. */
  total: number;
}

export interface Replay {
  /** Whose checkpoint says how far to fold, and whose dead letters to leave out. */
  consumer: string;
  models: readonly ReadModel[];
  onProgress?: (progress: Progress) => void;
}

/** Folds the log from its beginning into `models`, batch by batch, on one connection, in the transaction it is in. */
export const replay = async (client: ClientBase, { consumer, models, onProgress }: Replay): Promise<void> => {
  const { rows: ends } = await client.query<{ shard: number; position: string }>(
    'select shard, position from billing.checkpoint where consumer = $1 and position > 0 order by shard',
    [consumer],
  );
  const total = ends.reduce((sum, { position }) => sum + Number(position), 0);
  let folded = 0;
  for (const { shard, position: end } of ends) {
    for (let after = 0; after < Number(end);) {
      const { rows } = await client.query<EventRow>({
        name: 'replay_log',
        text: `select ${eventColumns} from billing.event where shard = $1 and position > $2 and position <= $3 order by position limit $4`,
        values: [shard, after, end, batchSize],
      });
      const last = rows.at(-1);
      if (!last) throw new Error(`shard ${shard} ends at ${after}, before the checkpoint ${end} of ${consumer}`);
      const aside = await deadLetters(client, consumer, shard, after, Number(last.position));
      const events = rows.filter(({ position }) => !aside.has(position)).map((row) => recordedFrom(row));
      await applyInLockstep(models, events, client);
      for (const model of models) model.committed();
      after = Number(last.position);
      folded += rows.length;
      onProgress?.({ events: folded, total });
    }
  }
};

/** Positions of a stretch of a shard that the consumer has set aside. */
const deadLetters = async (
  client: ClientBase,
  consumer: string,
  shard: number,
  after: number,
  last: number,
): Promise<Set<string>> => {
  const { rows } = await client.query<{ position: string }>({
    name: 'replay_dead_letters',
    text: 'select position from billing.dead_letter where consumer = $1 and shard = $2 and position > $3 and position <= $4',
    values: [consumer, shard, after, last],
  });
  return new Set(rows.map(({ position }) => position));
};
