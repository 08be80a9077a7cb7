import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { startEmbeddedPostgres } from '../apps/standalone/postgres/index.js';
import { prepareCluster } from './database/index.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The long runs: which spec, and its full counts. `npm test` runs the same specs with the short ones that they default to. */
const longRuns: Record<string, { spec: string; counts: Record<string, string>; limitMinutes: number }> = {
  kills: { spec: 'test/kills', counts: { KILLS: '50' }, limitMinutes: 60 },
};

const usage = `usage: npm run test:long -- NAME, where NAME is one of: ${Object.keys(longRuns).join(', ')}`;

const plan = (args: string[]): { jestArgs: string[]; counts: Record<string, string> } => {
  if (args[0] !== '--long') return { jestArgs: args, counts: {} };
  const run = longRuns[args[1] ?? ''];
  if (!run) {
    console.error(usage);
    process.exit(64);
  }
  return { jestArgs: [run.spec, `--testTimeout=${run.limitMinutes * 60_000}`, ...args.slice(2)], counts: run.counts };
};

const jest = (args: string[], environment: NodeJS.ProcessEnv): Promise<number> =>
  new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js'), ...args],
      {
        cwd: root,
        stdio: 'inherit',
        env: environment,
      },
    );
    // Ctrl-C reaches jest too; it stops by itself, and then we stop Postgres.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('exit', (code) => {
      resolve(code ?? 1);
    });
  });

/** Runs jest beside a throwaway Postgres of its own, without fsync: what must survive a crash starts one with it. */
const main = async (): Promise<number> => {
  const { jestArgs, counts } = plan(process.argv.slice(2));
  const dataDirectory = await mkdtemp(join(tmpdir(), 'billing-test-'));
  const postgres = await startEmbeddedPostgres({ dataDirectory, fsync: false, log: () => undefined });
  try {
    await prepareCluster(postgres.adminUrl);
    return await jest(jestArgs, { ...process.env, ...counts, TEST_DATABASE_URL: postgres.adminUrl });
  } finally {
    await postgres.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
};

process.exitCode = await main();
