import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { Batcher, appendOver, shardForNewTenant } from '#event-store';
import type { Log, Subscription } from '#log';
import { openLog } from '#log';
import { createMetrics } from '#platform/metrics';

import { project } from '../../../apps/projector/project.js';
import { Relay } from '../../../apps/relay/relay.js';
import type { Row } from '../report.js';
import { comparedRow, summary } from '../report.js';
import type { Surroundings } from './surroundings.js';

const eachMs = 5;
const samples = 2_000;
const restarts = 5;
const quiet = { warn: (message: string) => console.error(message) };

/** How long an event takes from its commit into the read models over Kafka, against the log read straight from Postgres. */
export const delayRows = async (surroundings: Surroundings): Promise<Row[]> => {
  const straight = await delays(surroundings, false);
  const relay = new Relay({
    pool: surroundings.database.pool('billing_relay', { max: 4 }),
    databaseUrl: surroundings.database.url('billing_relay'),
    kafka: surroundings.kafka,
    observer: {
      sent: () => undefined,
      failed: (error) => console.error(String(error)),
      halted: (shard) => console.error(`shard ${shard} halted`),
      warn: (message) => console.error(message),
    },
  });
  await relay.start();
  try {
    await relay.whenCaughtUp(60_000);
    const over = await delays(surroundings, true);
    const restarted = await restartMs(surroundings);
    return [
      {
        ...comparedRow('commit to read model over Kafka, ms (p50; Postgres log)', over.p50_ms, straight.p50_ms),
        p50_ms: over.p50_ms,
        p99_ms: over.p99_ms,
      },
      comparedRow(
        'a closed projector starts again: ms to its first event (Postgres log)',
        restarted.kafka,
        restarted.postgres,
      ),
    ];
  } finally {
    await relay.close();
  }
};

const openOver = ({ database, kafka }: Surroundings, overKafka: boolean): Log =>
  openLog({
    pool: database.pool('billing_projector', { max: 4 }),
    databaseUrl: database.url('billing_projector'),
    kafka: overKafka ? kafka : undefined,
    app: 'bench',
    observer: quiet,
  });

/** Appends of one event, 200 a second, watched until the transaction that projects them has committed. */
const delays = async (surroundings: Surroundings, overKafka: boolean) => {
  const log = openOver(surroundings, overKafka);
  const digestedAt = new Map<number, number>();
  const subscription = await project({ log: noting(log, digestedAt), metrics: createMetrics('bench') });
  await subscription.whenCaughtUp();
  digestedAt.clear();
  const appended = await appendSome(surroundings, samples);
  await subscription.whenCaughtUp();
  await log.close();
  return summary(
    [...appended].map(([position, at]) => (digestedAt.get(position) ?? Number.NaN) - at),
    1,
  );
};

/** The same log, which notes when what it hands over is committed; every event here is of one shard. */
const noting = (log: Log, digestedAt: Map<number, number>): Log => ({
  subscribe: (options) =>
    log.subscribe({
      ...options,
      committed: (events) => {
        const now = performance.now();
        for (const { position } of events) digestedAt.set(position, now);
        options.committed?.(events);
      },
    }),
  close: () => log.close(),
});

const appendSome = async ({ database }: Surroundings, count: number): Promise<Map<number, number>> => {
  const tenantId = await database.addTenant();
  const shard = shardForNewTenant(tenantId);
  const pool = database.pool('billing_api', { max: 2 });
  const batcher = new Batcher(appendOver(pool));
  const committedAt = new Map<number, number>();
  for (let at = 0; at < count; at += 1) {
    const [commandId, paymentId] = [randomUUID(), randomUUID()];
    const data = { paymentId, customerId: commandId, amount: 1_999, currency: 'usd', captureMethod: 'automatic' };
    const result = await batcher.append(shard, {
      tenantId,
      commandId,
      fingerprint: Buffer.alloc(32),
      streamId: `payment-${paymentId}`,
      expectedVersion: 0,
      events: [{ type: 'PaymentCreated', ...data, at: new Date().toISOString() } as never],
      correlationId: commandId,
      actor: { type: 'system', subject: 'bench' },
    });
    if (result.status !== 'ok') throw new Error(`an append came back as ${result.status}`);
    committedAt.set(result.position, performance.now());
    await sleep(eachMs);
  }
  return committedAt;
};

/** From `subscribe` to the first event after it, on the average of a few starts. */
const restartMs = async (surroundings: Surroundings): Promise<{ kafka: number; postgres: number }> => {
  const measure = async (overKafka: boolean): Promise<number> => {
    let total = 0;
    for (let at = 0; at < restarts; at += 1) {
      await appendSome(surroundings, 1);
      const began = performance.now();
      const log = openOver(surroundings, overKafka);
      const subscription: Subscription = await project({ log, metrics: createMetrics('bench') });
      await subscription.whenCaughtUp();
      total += performance.now() - began;
      await log.close();
    }
    return total / restarts;
  };
  return { postgres: await measure(false), kafka: await measure(true) };
};
