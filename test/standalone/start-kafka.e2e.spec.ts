import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { runningBroker } from '../kafka/broker-process.js';
import { describeWithKafka } from '../kafka/suite.js';

interface Run {
  child: ChildProcess;
  output(): string;
  /** Resolves when it has printed this. */
  printed(text: string): Promise<void>;
  /** Its exit code. */
  ended: Promise<number | null>;
}

const limitMs = 90_000;

describeWithKafka('npm run start:kafka', () => {
  let folder = '';
  const runs: Run[] = [];
  const node = () => join(folder, 'kafka/node-1');

  const launch = (environment: NodeJS.ProcessEnv = {}): Run => {
    const { KAFKA_BROKERS: _brokers, TEST_KAFKA_BROKERS: _test, ...inherited } = process.env;
    const ports = { PORT: '0', WEBHOOK_PORT: '0', SANDBOX_PORT: '0' };
    const child = spawn(process.execPath, ['tools/launch/start-kafka.mjs'], {
      env: { ...inherited, NODE_OPTIONS: '', BILLING_DATA_DIR: folder, KAFKA_PORT: '0', ...ports, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const printed = async (wanted: string): Promise<void> => {
      for (const until = Date.now() + limitMs; !text.includes(wanted); await sleep(50)) {
        if (child.exitCode !== null || Date.now() > until) throw new Error(`"${wanted}" was not printed:\n${text}`);
      }
    };
    const run = {
      child,
      output: () => text,
      printed,
      ended: once(child, 'close').then(([code]) => code as number | null),
    };
    runs.push(run);
    return run;
  };

  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'billing-start-kafka-')));
  });
  afterAll(async () => {
    for (const { child, ended } of runs) {
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true });
  }, limitMs);

  it(
    'starts a broker, the topics and every app, keeps the broker running, and stops all of it',
    async () => {
      const run = launch();
      await run.printed('Ctrl-C stops it.');
      for (const process of [
        'gateway',
        'projector',
        'merkle-anchor',
        'relay',
        'command-worker',
        'api',
        'stripe-sandbox',
      ])
        expect(run.output()).not.toContain(`${process} ended`);
      expect(run.output()).toContain('billing.events.v1');
      const broker = await runningBroker(node());
      process.kill(broker ?? NaN, 'SIGKILL');
      await run.printed('Kafka ended, starting it again');
      const second = launch();
      expect(await second.ended).toBe(78);
      expect(second.output()).toContain(`the data in ${folder} is in use`);
      for (const until = Date.now() + limitMs; (await runningBroker(node())) === undefined && Date.now() < until;)
        await sleep(50);
      run.child.kill('SIGINT');
      expect(await run.ended).toBe(0);
      expect(await runningBroker(node())).toBeUndefined();
    },
    2 * limitMs,
  );

  it('says in one line that the machine cannot run a broker', async () => {
    const run = launch({ PATH: folder });
    expect(await run.ended).toBe(78);
    expect(run.output().trim()).toMatch(/^billing: Kafka needs Java.*set KAFKA_BROKERS to a Kafka that runs$/);
  }, 30_000);
});
