import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEmbeddedPostgres } from '../../apps/standalone/postgres/index.js';
import type { TestDatabase } from '../database/index.js';
import { createTestDatabase } from '../database/index.js';
import { appendBench } from './append.js';
import { auditBench } from './audit.js';
import { chargeBench } from './charge.js';
import { keysBench } from './keys.js';
import { relayBench } from './relay.js';
import { replayBench } from './replay.js';
import type { Row } from './report.js';
import { print } from './report.js';
import { webhooksBench } from './webhooks.js';

/** Every bench runs on a Postgres of its own, with fsync on. */
const benches: Record<string, () => Promise<Row[]>> = {
  append: () => onDatabase(appendBench),
  audit: auditBench,
  charge: chargeBench,
  keys: () => onDatabase(keysBench),
  relay: () => onDatabase(relayBench),
  replay: () => onDatabase(replayBench),
  webhooks: () => onDatabase(webhooksBench),
};

const usage = `usage: npm run bench -- ${Object.keys(benches).join('|')} ... [--json]`;

const onDatabase = async (bench: (database: TestDatabase) => Promise<Row[]>): Promise<Row[]> => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billing-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDirectory, log: () => undefined });
  process.env.TEST_DATABASE_URL = postgres.adminUrl;
  const database = await createTestDatabase();
  try {
    return await bench(database);
  } finally {
    await database.drop();
    await postgres.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
};

const args = process.argv.slice(2);
const json = args.includes('--json');
const names = args.filter((arg) => arg !== '--json');
if (names.length === 0 || names.some((name) => !Object.hasOwn(benches, name))) {
  console.error(usage);
  process.exitCode = 64;
} else {
  const rows: Row[] = [];
  for (const name of names) rows.push(...((await benches[name]?.()) ?? []));
  print(rows, json);
}
