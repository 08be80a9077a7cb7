import { randomInt } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { roleUrl } from '#platform/migrate';
import { verifyReadModels } from '#projections';
import pg from 'pg';

import { until } from '../../apps/relay/testing/index.js';
import { rolePasswords } from '../../apps/standalone/role-passwords.js';
import type { ProxiedKafka } from '../kafka/fault-proxy.js';
import { startProxiedKafka } from '../kafka/fault-proxy.js';
import { describeWithKafka } from '../kafka/suite.js';
import { compareBooks } from '../kills/books.js';
import { Load } from '../kills/load.js';
import type { Standalone } from '../standalone/index.js';
import { startStandalone } from '../standalone/index.js';
import { CommandLoad } from './command-load.js';
import { faults, kinds, stepsOf } from './faults.js';
import { auditTopic } from './topic.js';

/** How many faults there are; 100 with `npm run test:long -- chaos`. */
const count = Number(process.env.FAULTS ?? 6);
/** The short form runs beside other specs on the same cores, where times say nothing: it prints them only. */
const isLong = process.env.FAULTS !== undefined;
/** Decides their order: take one that was printed to have it again. */
const seed = Number(process.env.SEED ?? randomInt(1_000_000));
/** Of each worker between two requests: the load of the short form leaves the cores to the other specs, and to what it is there to disturb. */
const pauseMs = isLong ? 0 : 400;
const secondsAFault = 30;
/** Nobody may wait longer than this, once a fault is over, for what was under way. */
const hangMs = 30_000;

describeWithKafka(`three brokers and every process under ${count} faults`, () => {
  let directory: string;
  let kafka: ProxiedKafka;
  let standalone: Standalone;
  const closing: (() => Promise<void>)[] = [];
  let admin: pg.Pool;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'billing-chaos-'));
    kafka = await startProxiedKafka({ directory, brokers: 3 });
    closing.unshift(() => kafka.discard());
    standalone = await startStandalone({ KAFKA_BROKERS: kafka.brokers.join(',') });
    closing.unshift(() => standalone.stop());
  }, 180_000);
  afterAll(async () => {
    for (const close of closing) await close();
  }, 90_000);

  it(
    'gives every accepted command one effect, shows consumers each position once and in order, and leaves nothing hanging',
    async () => {
      const commands = await CommandLoad.begin(standalone, kafka.brokers, { workers: 4, pauseMs });
      const requests = await Load.begin(standalone, { workers: 4, pauseMs });
      const done: string[] = [];
      let longestWaitMs = 0;
      let longestAfter = '';
      for (const [at, step] of stepsOf(count, seed).entries()) {
        await sleep(300 + Math.random() * 1_500);
        await Promise.all(step.flatMap((kind) => faults[kind]?.({ standalone, kafka }) ?? []));
        done.push(...step);
        if (at % 2 === 0) continue; // the next one strikes while this one still hurts
        const mended = performance.now();
        await Promise.all([requests.whenAnswered(), commands.whenAnswered()]);
        const waitedMs = Math.round(performance.now() - mended);
        if (waitedMs <= longestWaitMs) continue;
        longestWaitMs = waitedMs;
        longestAfter = done.slice(-2).join(', ');
      }
      await standalone.whenReady();
      const settled = [...(await requests.finish()), ...(await commands.finish())];
      console.info(
        kinds.map((kind) => `${kind} ${done.filter((each) => each === kind).length}x`).join(', '),
        `(order by seed ${seed}); ${requests.summary()}; ${commands.summary()};`,
        `all that was open was answered within ${longestWaitMs} ms of a fault (longest after: ${longestAfter}), each try over HTTP within ${requests.longestTryMs} ms`,
      );
      await requests.whenProjected();
      expect(await compareBooks(standalone, requests, settled)).toEqual([]);
      await commands.close();
      if (isLong) expect(longestWaitMs).toBeLessThan(hangMs);
      expect(settled.length).toBeGreaterThan(count);

      admin = new pg.Pool({ connectionString: standalone.adminUrl(), max: 2 });
      admin.on('error', () => undefined); // Postgres ends before it where an expectation failed
      const prefix = standalone.kafka?.topicPrefix ?? '';
      await until(
        async () => (await auditTopic(kafka.brokers, prefix, admin)).differences.length === 0,
        30_000,
        'the topic has everything',
      );
      const { records, repeats } = await auditTopic(kafka.brokers, prefix, admin);
      console.info(`${records} records in the topic, ${repeats} of them repeats`);
      expect(repeats).toBeGreaterThan(0); // of the answers that were lost
      expect(await commands.differencesOfCustomers(admin)).toEqual([]);
      const { rows: letters } = await admin.query('select consumer, shard, position, error from billing.dead_letter');
      expect(letters).toEqual([]);
      await admin.end();
      expect(await differencesOfReadModels()).toEqual([]);
    },
    120_000 + count * secondsAFault * 1_000,
  );

  const differencesOfReadModels = async (): Promise<string[]> => {
    const password = rolePasswords(standalone.dataDirectory)('billing_projector');
    const pool = new pg.Pool({
      connectionString: roleUrl(standalone.adminUrl(), 'billing_projector', password),
      max: 2,
    });
    try {
      const models = await verifyReadModels(pool);
      expect(models.reduce((rows, model) => rows + model.rows, 0)).toBeGreaterThan(0);
      return models.flatMap((model) => model.differences);
    } finally {
      await pool.end();
    }
  };
});
