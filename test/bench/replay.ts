import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { PostgresLog } from '#log';
import { allReadModels, applyInLockstep, readModelNames, readModelsConsumer } from '#projections';

import type { TestDatabase } from '../database/index.js';
import { copyOut } from './copy-out.js';
import { generateLog } from './generated-log.js';
import type { Row } from './report.js';

const events = Number(process.env.BENCH_EVENTS ?? 1_000_000);
const run = promisify(execFile);
const billing = fileURLToPath(new URL('../../apps/cli/main.js', import.meta.url));
const sampleEveryMs = 100;

/** One run of a program: how fast, and the most memory its process held, in the first third of the time (which is warm by then) and in all. */
interface Observed {
  rate: number;
  peak_mb_first_third?: number;
  peak_mb?: number;
}

/** Runs `billing` on the database, its output in `file`, and watches its memory. Throws when it fails. */
const observe = async (database: TestDatabase, args: string[], file: string): Promise<Observed> => {
  const began = performance.now();
  const child = spawn(process.execPath, [billing, ...args], {
    env: { ...process.env, BILLING_ENV: 'test', DATABASE_URL: database.adminUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const samples: { at: number; mb: number }[] = [];
  let ended = false;
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const drained = pipeline(child.stdout, createWriteStream(file));
  const watch = async (): Promise<void> => {
    while (!ended) {
      const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(child.pid)]).catch(() => ({ stdout: '' }));
      if (stdout.trim() !== '') samples.push({ at: performance.now() - began, mb: Number(stdout) / 1_024 });
      await sleep(sampleEveryMs);
    }
  };
  const watching = watch();
  const [code] = await Promise.all([exit, drained]);
  const tookMs = performance.now() - began;
  ended = true;
  await watching;
  if (code !== 0) throw new Error(`billing ${args.join(' ')} ended with ${code}`);
  const peakUntil = (end: number): number =>
    Math.round(Math.max(...samples.flatMap(({ at, mb }) => (at <= end ? mb : []))));
  return { rate: (events * 1_000) / tookMs, peak_mb_first_third: peakUntil(tookMs / 3), peak_mb: peakUntil(tookMs) };
};

const rowOf = (name: string, { rate, ...memory }: Observed, reference: number): Row => ({
  name,
  ours: Math.round(rate),
  reference: Math.round(reference),
  ratio: Number((rate / reference).toFixed(3)),
  ...memory,
});

/** Rate of `psql \copy` of a query into a file, or of the driver's COPY where there is no psql. */
const copyRate = async (database: TestDatabase, query: string, file: string): Promise<number> => {
  const began = performance.now();
  const copied = await run('psql', ['-X', '-q', database.adminUrl, '-c', `\\copy (${query}) to '${file}'`]).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  if (!copied) {
    console.error('psql is not on PATH: the reference is COPY through the driver, written nowhere');
    await copyOut(database.adminUrl, query);
  }
  return (events * 1_000) / (performance.now() - began);
};

/** The live projector on a full log: every read model in lockstep. */
const project = async (database: TestDatabase): Promise<Observed> => {
  const log = new PostgresLog(database.pool('billing_projector'), database.url('billing_projector'), {
    warn: (message, context) => {
      console.error(message, context);
    },
  });
  const models = allReadModels();
  const began = performance.now();
  const subscription = await log.subscribe({
    consumer: readModelsConsumer,
    batchSize: 1_000,
    handle: async (batch, client) => {
      await client.query('set local synchronous_commit = off');
      await applyInLockstep(models, batch, client);
    },
    committed: () => {
      for (const model of models) model.committed();
    },
  });
  await subscription.whenCaughtUp();
  const rate = (events * 1_000) / (performance.now() - began);
  await log.close();
  return { rate };
};

/**
 * A million events (BENCH_EVENTS) read in four ways, each beside `psql \copy` of the same events in the same run: written as NDJSON,
 * projected, rebuilt, and verified. Memory is that of the tool's process.
 */
export const replayBench = async (database: TestDatabase): Promise<Row[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'billing-replay-'));
  const file = join(directory, 'output');
  try {
    await generateLog(database.admin, { events });
    const plain = await copyRate(database, 'select * from billing.event order by shard, position', file);
    const asJson = await copyRate(
      database,
      'select row_to_json(e) from billing.event e order by shard, position',
      file,
    );
    const replayed = await observe(database, ['replay', '--format', 'ndjson'], file);
    const rows = [
      rowOf('replay to NDJSON, by \\copy of the rows', replayed, plain),
      rowOf('replay to NDJSON, by \\copy of row_to_json', replayed, asJson),
      rowOf('projector, all read models, by \\copy', await project(database), plain),
    ];
    for (const name of [...readModelNames, 'all']) {
      rows.push(rowOf(`rebuild ${name}, by \\copy`, await observe(database, ['rebuild', name], file), plain));
    }
    rows.push(rowOf('projections verify, by \\copy', await observe(database, ['projections', 'verify'], file), plain));
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
