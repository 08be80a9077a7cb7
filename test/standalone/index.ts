import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { DevelopmentIssuer } from '#access';
import type { DevelopmentToken } from '#access';
import { developmentIssuer } from '#platform/configuration';

import { createTopics } from '../kafka/suite.js';

export const tenantOne = '11111111-1111-4111-8111-111111111111';
export const tenantTwo = '22222222-2222-4222-8222-222222222222';

/** The apps that are processes of their own where there is Kafka. */
const appsOnKafka = [
  'api',
  'webhook-ingest',
  'gateway',
  'projector',
  'merkle-anchor',
  'relay',
  'command-worker',
] as const;
/** Those of them that share a process where there is no Kafka. */
const frontApps: readonly string[] = ['api', 'webhook-ingest'];

/**
 * The processes of a standalone that a test may kill. Where there is Kafka, `front` is the api and webhook-ingest, and `back` all
 * the other apps, which are processes of their own there.
 */
export type Part = 'supervisor' | 'front' | 'back' | 'sandbox' | 'postgres' | (typeof appsOnKafka)[number];

/** A whole standalone in processes of its own, from the compiled program, on free ports. */
export interface Standalone {
  url: string;
  webhookUrl: string;
  sandboxUrl: string;
  dataDirectory: string;
  /** The brokers, and the topic prefix that it has for itself; undefined without Kafka. */
  kafka: { brokers: string[]; topicPrefix: string } | undefined;
  token(options?: Partial<DevelopmentToken>): Promise<string>;
  /** Superuser's connection string of its database, as it runs now. */
  adminUrl(): string;
  /** kill -9 of a part, if it runs now. A killed supervisor is started again on the same data. */
  kill(part: Part): Promise<void>;
  /** Resolves when /readyz answers 200. */
  whenReady(): Promise<void>;
  /** What it printed so far. */
  output(): string;
  stop(): Promise<void>;
}

const readyLimitMs = 60_000;
/** Each app is a process of its own there, and they start one after the other. */
const readyOnKafkaLimitMs = 120_000;

/**
 * Starts `dist/apps/standalone/main.js` and waits for it. `environment` adds to or overrides its settings. With KAFKA_BROKERS
 * set it runs on those, with topics of its own. `through` is a program with its first arguments, which is given the command and runs it.
 */
export const startStandalone = async (
  environment: NodeJS.ProcessEnv = {},
  through: readonly string[] = [],
): Promise<Standalone> => {
  const kafka = await ownTopics(environment.KAFKA_BROKERS ?? process.env.KAFKA_BROKERS);
  const dataDirectory = mkdtempSync(join(process.env.TEST_CLUSTERS ?? tmpdir(), 'billing-e2e-'));
  const [port, webhookPort, sandboxPort] = (await freePorts(3)) as [number, number, number];
  const url = `http://127.0.0.1:${port}`;
  const output: string[] = [];
  const start = (): ChildProcess => {
    const { TEST_DATABASE_URL: _test, ...inherited } = process.env;
    const [program = '', ...args] = [...through, process.execPath, join(process.cwd(), 'dist/apps/standalone/main.js')];
    const child = spawn(program, args, {
      env: {
        ...inherited,
        NODE_OPTIONS: '',
        BILLING_ENV: 'development',
        BILLING_DATA_DIR: dataDirectory,
        PORT: String(port),
        WEBHOOK_PORT: String(webhookPort),
        SANDBOX_PORT: String(sandboxPort),
        ...(kafka && { KAFKA_TOPIC_PREFIX: kafka.topicPrefix }),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    return child;
  };
  let child = start();

  const whenReady = async (): Promise<void> => {
    const deadline = Date.now() + (kafka ? readyOnKafkaLimitMs : readyLimitMs);
    while (!(await answers(`${url}/readyz`))) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`the standalone is not ready:\n${output.join('').slice(-4_000)}`);
      await sleep(50);
    }
  };
  const kill = async (part: Part): Promise<void> => {
    const pids = processesOf(part, kafka !== undefined).flatMap((each) => pidOf(each, child, dataDirectory) ?? []);
    const supervisorGone = part === 'supervisor' ? once(child, 'exit') : undefined;
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    if (!supervisorGone) return;
    await supervisorGone;
    await sleep(200);
    child = start();
  };
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }
    rmSync(dataDirectory, { recursive: true, force: true });
    await kafka?.drop();
  };
  try {
    await whenReady();
    if (kafka && !output.join('').includes(kafka.brokers.join(','))) throw new Error('it does not run on Kafka');
  } catch (error) {
    await stop(); // nobody has it in hand to do so
    throw error;
  }
  return {
    url,
    webhookUrl: `http://127.0.0.1:${webhookPort}`,
    sandboxUrl: `http://127.0.0.1:${sandboxPort}`,
    dataDirectory,
    kafka: kafka && { brokers: kafka.brokers, topicPrefix: kafka.topicPrefix },
    token: (options = {}) => issue(dataDirectory, options),
    adminUrl: () => adminUrlOf(dataDirectory),
    kill,
    whenReady,
    output: () => output.join(''),
    stop,
  };
};

interface OwnTopics {
  brokers: string[];
  topicPrefix: string;
  drop(): Promise<void>;
}

/** Topics under a prefix that nobody else has, on the brokers if there are any. */
const ownTopics = async (brokers = ''): Promise<OwnTopics | undefined> => {
  if (brokers === '') return undefined;
  const addresses = brokers.split(',');
  const made = await createTopics(addresses);
  return { brokers: addresses, topicPrefix: made.prefix, drop: () => made.drop() };
};

/** What a part is, by the names of processes. */
const processesOf = (part: Part, onKafka: boolean): Part[] => {
  if (!onKafka) return [part];
  if (part !== 'front' && part !== 'back') return [part];
  return appsOnKafka.filter((app) => frontApps.includes(app) === (part === 'front'));
};

const issue = async (dataDirectory: string, options: Partial<DevelopmentToken>): Promise<string> => {
  const keyPath = join(dataDirectory, 'development-issuer.json');
  const issuer = await DevelopmentIssuer.open({
    environment: 'test',
    keyPath,
    issuer: developmentIssuer,
    audience: 'billing-service',
  });
  return issuer.issue({ tenantId: tenantOne, role: 'tenant_admin', expiresInSeconds: 7_200, ...options });
};

const answers = async (url: string): Promise<boolean> => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
};

/** The process id of a part, if it runs now: a child of the supervisor by its arguments, Postgres by its pid file. */
const pidOf = (part: Part, supervisor: ChildProcess, dataDirectory: string): number | undefined => {
  if (part === 'supervisor') return supervisor.pid;
  if (part === 'postgres') return postmaster(dataDirectory)?.pid;
  const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const found = lines
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .find((match) => Number(match?.[2]) === supervisor.pid && match?.[3]?.endsWith(`process.js ${part}`));
  return found ? Number(found[1]) : undefined;
};

/** What Postgres says of itself in postmaster.pid: process id first, port fourth. */
const postmaster = (dataDirectory: string): { pid: number; port: number } | undefined => {
  try {
    const [pid, , , port] = readFileSync(join(dataDirectory, 'postgres/postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(pid), port: Number(port) };
  } catch {
    return undefined;
  }
};

const adminUrlOf = (dataDirectory: string): string => {
  const password = readFileSync(join(dataDirectory, 'postgres-password'), 'utf8').trim();
  return `postgres://postgres:${password}@127.0.0.1:${postmaster(dataDirectory)?.port}/billing`;
};

const freePorts = async (count: number): Promise<number[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
};
