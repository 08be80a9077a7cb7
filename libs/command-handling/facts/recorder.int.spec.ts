import { randomUUID } from 'node:crypto';

import { streamIdOf } from '#contracts';
import type { PaymentEvent, PaymentFact } from '#domain/payment';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import type { ProcessorPayment } from '#processor';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { StreamPlace } from './index.js';
import { FactRecorder, driftObserver, payments, standingFacts, takenBy } from './index.js';

let database: TestDatabase;
let recorder: FactRecorder;
beforeAll(async () => {
  database = await createTestDatabase();
  const pool = database.pool('billing_gateway');
  const reader = new StreamReader(pool, { acrossTenants: true });
  recorder = new FactRecorder(reader, new Batcher(appendOver(pool)), 'gateway');
});
afterAll(() => database.drop());

const at = '2026-11-01T10:00:00.000Z';
const processorPaymentId = 'pi_1';

const held = async (): Promise<StreamPlace> => {
  const tenantId = await database.addTenant();
  const shard = await new TenantShards(database.pool('billing_api')).of(tenantId);
  const paymentId = randomUUID();
  const streamId = streamIdOf('payment', paymentId);
  const terms = { customerId: randomUUID(), amount: 5_000, currency: 'usd', captureMethod: 'manual' as const, at };
  const created: PaymentEvent[] = [
    { type: 'PaymentCreated', paymentId, ...terms },
    { type: 'PaymentRequested', attempt: 1, paymentMethodId: paymentId, ...terms },
  ];
  const [result] = await appendOver(database.pool('billing_api'))(shard, [
    {
      tenantId,
      commandId: randomUUID(),
      fingerprint: Buffer.from('api'),
      streamId,
      expectedVersion: 0,
      events: created,
      correlationId: randomUUID(),
      actor: { type: 'system', subject: 'api' },
    },
  ]);
  expect(result?.status).toBe('ok');
  return { tenantId, shard, streamId };
};

const contextOf = (place: StreamPlace, commandId: string = randomUUID()) => ({
  ...place,
  commandId,
  correlationId: commandId,
});

const captured = (amount: number): ProcessorPayment => ({
  status: 'authorized',
  amount: 5_000 - amount,
  expiresAt: at,
  multicapture: true,
  processorPaymentId,
  currency: 'usd',
  captured: amount,
});

it('makes facts anew of the state that they are decided on: money is counted once, whoever was faster', async () => {
  const place = await held();
  const stale = await recorder.load(payments, place);
  const hear = (payment: ProcessorPayment) =>
    recorder.record(
      payments,
      contextOf(place),
      (state) => standingFacts({ state, attempt: 1 }, payment, at)?.facts ?? [],
      stale,
    );
  await hear(captured(1_000));
  expect((await hear(captured(3_000))).map(({ type }) => type)).toEqual(['PaymentCaptured', 'DriftDetected']);
  expect(await hear(captured(2_000))).toEqual([]);
  const { state } = await recorder.load(payments, place);
  expect(takenBy(state, 1)).toBe(3_000);
});

it('records what a command says once, however often it comes by', async () => {
  const place = await held();
  const context = contextOf(place, randomUUID());
  const stale = await recorder.load(payments, place);
  const fact = (id: string) => [{ type: 'RecordProcessing' as const, attempt: 1, processorPaymentId: id, at }];
  expect(await recorder.record(payments, context, fact('pi_1'), stale)).toHaveLength(1);
  expect(await recorder.record(payments, context, fact('pi_1'), stale)).toEqual([]);
  // Another word of the same command: the command was recorded.
  expect(await recorder.record(payments, context, fact('pi_2'), stale)).toEqual([]);
});

it('decides again on what faster writers have left', async () => {
  const place = await held();
  const stale = await recorder.load(payments, place);
  const warnings = Array.from({ length: 5 }, (_, nr) =>
    recorder.record(
      payments,
      contextOf(place),
      [{ type: 'RecordFraudWarning', processorWarningId: `issfr_${nr}`, fraudType: 'misc', actionable: true, at }],
      stale,
    ),
  );
  expect((await Promise.all(warnings)).flat()).toHaveLength(5);
  expect((await recorder.load(payments, place)).version).toBe(stale.version + 5);
});

it('tells of drift once, when it is recorded: counted by its rule, logged without an amount', async () => {
  const lines: string[] = [];
  const metrics = createMetrics('gateway');
  const logger = createLogger({ app: 'gateway', level: 'info', write: (line) => void lines.push(line) });
  const pool = database.pool('billing_gateway');
  const observed = new FactRecorder(
    new StreamReader(pool, { acrossTenants: true }),
    new Batcher(appendOver(pool)),
    'gateway',
    driftObserver(logger, metrics),
  );
  const counted = async (rule: string): Promise<string | undefined> =>
    new RegExp(`^billing_drift_detected_total\\{.*rule="${rule}".*\\} (\\d+)$`, 'm').exec(await metrics.metrics())?.[1];
  expect([await counted('amount_differs'), await counted('success_after_failure')]).toEqual(['0', '0']);

  const place = await held();
  const failed = { type: 'RecordFailure', attempt: 1, code: 'card_declined', processorPaymentId, at } as const;
  const taken = {
    type: 'RecordCapture',
    attempt: 1,
    captureId: randomUUID(),
    processorPaymentId,
    final: true,
    at,
  } as const;
  const hear = async (facts: readonly PaymentFact[], id?: string) =>
    observed.record(payments, contextOf(place, id), facts, await observed.load(payments, place));
  await hear([failed]);
  expect(lines).toEqual([]);
  const commandId = randomUUID();
  for (let times = 0; times < 2; times += 1) await hear([{ ...taken, amount: 4_321 }], commandId);
  const rules = ['amount_differs', 'capture_not_requested', 'success_after_failure'];
  expect(await Promise.all(rules.map(counted))).toEqual(['0', '1', '1']);
  const { tenantId, streamId } = place;
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject(
    rules.slice(1).map((rule) => ({ tenantId, streamId, rule, fact: 'PaymentCaptured' })),
  );
  expect(lines.join('')).not.toContain('4321');
});
