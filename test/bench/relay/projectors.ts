import { readModelsConsumer } from '#projections';

import { startAppProcess } from '../../standalone/app-process.js';
import type { Row } from '../report.js';
import { comparedRow } from '../report.js';
import type { Surroundings } from './surroundings.js';
import { lengthOf } from './surroundings.js';

const limitMs = 600_000;
const pollMs = 20;

/** Projectors over Kafka, each a process: two that share the shards against one. */
export const projectorRows = async (surroundings: Surroundings): Promise<Row[]> => {
  const one = await rateOf(surroundings, 1);
  const two = await rateOf(surroundings, 2);
  return [comparedRow('projectors, events/s of two processes against one', two, one)];
};

/** Empties the read models and has them built again from the topic; counted from the first moved checkpoint to the last. */
const rateOf = async (surroundings: Surroundings, processes: number): Promise<number> => {
  const { database, kafka } = surroundings;
  await forget(surroundings);
  const environment = {
    BILLING_ENV: 'test',
    LOG_LEVEL: 'error',
    DATABASE_URL: database.url('billing_projector'),
    KAFKA_BROKERS: kafka.brokers.join(','),
    KAFKA_TOPIC_PREFIX: kafka.topicPrefix,
  };
  const all = await lengthOf(database);
  const projectors = await Promise.all(
    Array.from({ length: processes }, () => startAppProcess('projector', environment)),
  );
  try {
    const first = await untilDigested(surroundings, 1);
    const last = await untilDigested(surroundings, all);
    return (last.digested - first.digested) / ((last.at - first.at) / 1_000);
  } finally {
    await Promise.all(projectors.map((projector) => projector.kill()));
  }
};

const forget = async ({ database: { admin } }: Surroundings): Promise<void> => {
  await admin.query('delete from billing.checkpoint where consumer = $1', [readModelsConsumer]);
  const { rows } = await admin.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'billing'::regnamespace and relkind = 'r' and relname like 'rm\\_%'`,
  );
  await admin.query(`truncate ${rows.map(({ name }) => `billing.${name}`).join(', ')}`);
};

const untilDigested = async (
  { database: { admin } }: Surroundings,
  events: number,
): Promise<{ at: number; digested: number }> => {
  for (const until = performance.now() + limitMs; performance.now() < until;) {
    const { rows } = await admin.query<{ digested: string | null }>(
      'select sum(position) as digested from billing.checkpoint where consumer = $1',
      [readModelsConsumer],
    );
    const digested = Number(rows[0]?.digested ?? 0);
    if (digested >= events) return { at: performance.now(), digested };
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new Error(`the projectors have not digested ${events} events within ${limitMs / 1_000} s`);
};
