import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { EmbeddedPostgres } from '../apps/standalone/postgres/index.js';
import { startEmbeddedPostgres } from '../apps/standalone/postgres/index.js';
import { prepareCluster } from './database/index.js';
import { newClusterFolder } from './database/memory.js';
import { NoBroker, startKafka } from './kafka/index.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The long runs: which spec, and its full counts. `npm test` runs the same specs with the short ones that they default to. */
const longRuns: Record<string, { spec: string; counts: Record<string, string>; limitMinutes: number }> = {
  kills: { spec: 'test/kills', counts: { KILLS: '50' }, limitMinutes: 60 },
  chaos: { spec: 'test/chaos', counts: { FAULTS: '100' }, limitMinutes: 60 },
  deliveries: { spec: 'test/deliveries', counts: { DELIVERIES: '10000' }, limitMinutes: 60 },
  audit: { spec: 'apps/merkle-anchor', counts: { AUDIT_KILLS: 'all', AUDIT_ROUNDS: '400' }, limitMinutes: 30 },
  openapi: { spec: 'test/e2e/openapi.e2e', counts: { EXAMPLES: '200' }, limitMinutes: 30 },
  browser: { spec: 'test/browser', counts: { BROWSER_CARDS: 'all' }, limitMinutes: 30 },
};

const usage = `usage: npm run test:long -- NAME, where NAME is one of: ${Object.keys(longRuns).join(', ')}`;

interface Plan {
  jestArgs: string[];
  counts: Record<string, string>;
  isLong: boolean;
}

const plan = (args: string[]): Plan => {
  if (args[0] !== '--long') return { jestArgs: args, counts: {}, isLong: false };
  const run = longRuns[args[1] ?? ''];
  if (!run) {
    console.error(usage);
    process.exit(64);
  }
  const jestArgs = [run.spec, `--testTimeout=${run.limitMinutes * 60_000}`, ...args.slice(2)];
  return { jestArgs, counts: run.counts, isLong: true };
};

/** Ends the run as if jest had failed, so that everything it started is stopped and removed, from whichever moment on. */
class Interruption {
  #child: ChildProcess | undefined;
  #signal: NodeJS.Signals | undefined;

  constructor() {
    // Ctrl-C reaches jest too, which stops by itself.
    process.on('SIGINT', (signal) => (this.#signal = signal));
    for (const name of ['SIGTERM', 'SIGHUP'] as const)
      process.on(name, (signal) => {
        this.#signal = signal;
        this.#child?.kill('SIGTERM');
      });
  }

  /** Whether the run shall end before it has begun. */
  get came(): boolean {
    return this.#signal !== undefined;
  }

  passTo(child: ChildProcess): void {
    this.#child = child;
  }
}

const jest = (args: string[], environment: NodeJS.ProcessEnv, interruption: Interruption): Promise<number> =>
  new Promise((resolve) => {
    if (interruption.came) {
      resolve(1);
      return;
    }
    const child = spawn(
      process.execPath,
      ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js'), ...args],
      {
        cwd: root,
        stdio: 'inherit',
        env: environment,
      },
    );
    interruption.passTo(child);
    child.on('exit', (code) => {
      resolve(code ?? 1);
    });
  });

/** A broker for the specs that need one: its addresses, and how to end it. */
interface Broker {
  addresses: string | undefined;
  stop(): Promise<void>;
}

/** The brokers that the environment names, or one of our own. Where there can be none, one line says why; in CI that fails the run. */
const openBroker = async (directory: string): Promise<Broker> => {
  const given = process.env.TEST_KAFKA_BROKERS ?? process.env.KAFKA_BROKERS;
  if (given) return { addresses: given, stop: () => Promise.resolve() };
  try {
    const kafka = await startKafka({
      directory,
      log: (line) => {
        console.error(line);
      },
    });
    return { addresses: kafka.brokers.join(','), stop: () => kafka.stop() };
  } catch (error) {
    if (process.env.CI === 'true' || !(error instanceof NoBroker)) throw error;
    console.error(`The specs that need Kafka are skipped: ${error.message}.`);
    return { addresses: undefined, stop: () => Promise.resolve() };
  }
};

/**
 * Runs jest beside a throwaway Postgres of its own, without fsync (what must survive a crash starts one with it), and a throwaway
 * Kafka of one broker.
 */
const main = async (): Promise<number> => {
  const { jestArgs, counts, isLong } = plan(process.argv.slice(2));
  const interruption = new Interruption();
  const directory = await mkdtemp(join(tmpdir(), 'billing-test-'));
  const clusters = await newClusterFolder({ isLong });
  console.error(`The databases of this run are in ${clusters}.`);
  let postgres: EmbeddedPostgres | undefined;
  try {
    postgres = await startEmbeddedPostgres({
      dataDirectory: clusters,
      fsync: false,
      maxConnections: 400, // several specs at once, of which some are several processes
      log: () => undefined,
    });
    const [broker] = await Promise.all([openBroker(join(directory, 'kafka')), prepareCluster(postgres.adminUrl)]);
    try {
      const addresses = broker.addresses === undefined ? {} : { TEST_KAFKA_BROKERS: broker.addresses };
      // The many short-lived processes that specs start compile the same files: V8 keeps what it made of them.
      const shared = {
        TEST_DATABASE_URL: postgres.adminUrl,
        TEST_CLUSTERS: clusters,
        NODE_COMPILE_CACHE: join(directory, 'compiled'),
      };
      return await jest(jestArgs, { ...process.env, ...counts, ...addresses, ...shared }, interruption);
    } finally {
      await broker.stop();
    }
  } finally {
    await postgres?.stop().catch(tell);
    // A process that is about to end may still write there.
    for (const made of [clusters, directory])
      await rm(made, { recursive: true, force: true, maxRetries: 10 }).catch(tell);
  }
};

/** What is left behind is no failure of the specs. */
const tell = (error: unknown): void => {
  console.error(`After the run: ${String(error)}`);
};

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof NoBroker)) throw error;
  console.error(`CI=true needs Kafka, so that nothing is skipped: ${error.message}.`);
  return 1;
});
