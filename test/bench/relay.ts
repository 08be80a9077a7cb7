import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TestDatabase } from '../database/index.js';
import { startKafka } from '../kafka/index.js';
import { createTopics } from '../kafka/suite.js';
import { delayRows } from './relay/delay.js';
import { generateLog } from './generated-log.js';
import { projectorRows } from './relay/projectors.js';
import { rateRow } from './relay/rate.js';
import { workerRows } from './relay/workers.js';
import type { Row } from './report.js';

const events = 400_000;

/** The relay, and what reads behind it, on a broker of its own. */
export const relayBench = async (database: TestDatabase): Promise<Row[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'billing-bench-kafka-'));
  const kafka = await startKafka({ directory });
  try {
    const { prefix: topicPrefix } = await createTopics(kafka.brokers);
    const surroundings = { database, kafka: { brokers: kafka.brokers, topicPrefix, tls: undefined, sasl: undefined } };
    await generateLog(database.admin, { events, tenants: 200 });
    const rate = await rateRow(surroundings);
    const projectors = await projectorRows(surroundings);
    const delays = await delayRows(surroundings);
    return [rate, ...projectors, ...(await workerRows(surroundings)), ...delays];
  } finally {
    await kafka.stop();
    await rm(directory, { recursive: true, force: true });
  }
};
