import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startEmbeddedPostgres } from '../../apps/standalone/postgres/index.js';
import type { TestDatabase } from '../database/index.js';
import { createTestDatabase } from '../database/index.js';
import { appendBench } from './append.js';
import type { Row } from './report.js';
import { print } from './report.js';

/** Each bench gets a database of its own, on a Postgres with fsync on. */
const benches: Record<string, (database: TestDatabase) => Promise<Row[]>> = { append: appendBench };

const usage = `usage: npm run bench -- ${Object.keys(benches).join('|')} ... [--json]`;

const run = async (names: readonly string[]): Promise<Row[]> => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billing-bench-'));
  const postgres = await startEmbeddedPostgres({ dataDirectory, log: () => undefined });
  process.env.TEST_DATABASE_URL = postgres.adminUrl;
  try {
    const rows: Row[] = [];
    for (const name of names) {
      const database = await createTestDatabase();
      try {
        rows.push(...((await benches[name]?.(database)) ?? []));
      } finally {
        await database.drop();
      }
    }
    return rows;
  } finally {
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
  print(await run(names), json);
}
