import { randomUUID } from 'node:crypto';

import { streamIdOf } from '#contracts';
import type { PaymentCommand, PaymentEvent } from '#domain/payment';
import { decide, evolve, foldPayment } from '#domain/payment';
import { StreamReader, TenantShards, appendOver } from '#event-store';
import { PostgresLog } from '#log';
import { allReadModels, applyInLockstep, readModelsConsumer } from '#projections';

import { describeWithKafka } from '../../test/kafka/suite.js';
import type { RunningWorker } from './testing/running-worker.js';
import { startWorker } from './testing/running-worker.js';
import type { Signer } from './testing/signed-record.js';

const at = '2026-11-02T10:00:00.000Z';
const body = { evidence: { uncategorizedText: 'Ada Lovelace signed for it.' } };

describeWithKafka('evidence about a dispute', (brokers) => {
  let worker: RunningWorker;
  let shop: Signer;
  let tenantId: string;
  let log: PostgresLog | undefined;
  beforeAll(async () => {
    worker = await startWorker(brokers);
    shop = await worker.signer('shop');
    tenantId = await worker.database.addTenant();
  }, 60_000);
  afterAll(async () => {
    await log?.close();
    await worker?.close();
  }, 30_000);

  const append = async (paymentId: string, role: string, commands: readonly PaymentCommand[]): Promise<void> => {
    const pool = worker.database.pool(role);
    const shard = await new TenantShards(worker.database.pool('billing_api')).of(tenantId);
    const streamId = streamIdOf('payment', paymentId);
    const reader = new StreamReader(worker.database.pool('billing_gateway'), { acrossTenants: true });
    const before = (await reader.read({ tenantId, shard, streamId })).events;
    let payment = foldPayment(before.map(({ event }) => event as PaymentEvent));
    const events = commands.flatMap((command) => {
      const decided = decide(command, payment);
      for (const event of decided) payment = evolve(payment, event);
      return decided;
    });
    const commandId = randomUUID();
    const [result] = await appendOver(pool)(shard, [
      {
        tenantId,
        commandId,
        fingerprint: Buffer.alloc(32),
        streamId,
        expectedVersion: before.length,
        events,
        correlationId: commandId,
        actor: { type: 'system', subject: 'tester' },
      },
    ]);
    if (result?.status !== 'ok') throw new Error(`not appended: ${result?.status}`);
  };
  const disputedPayment = async (): Promise<{ paymentId: string; disputeId: string }> => {
    const [paymentId, disputeId, customerId] = [randomUUID(), randomUUID(), randomUUID()];
    const money = { amount: 5_000, currency: 'usd' };
    const paymentMethodId = randomUUID();
    await append(paymentId, 'billing_api', [
      { type: 'CreatePayment', paymentId, customerId, ...money, captureMethod: 'automatic', paymentMethodId, at },
    ]);
    const capture = { captureId: randomUUID(), attempt: 1, processorPaymentId: 'pi_1', amount: 5_000, final: true, at };
    const standing = { status: 'needs_response', reason: 'fraudulent', submissions: 0 } as const;
    await append(paymentId, 'billing_gateway', [
      { type: 'RecordCapture', ...capture },
      { type: 'RecordDisputeReported', disputeId, processorDisputeId: 'du_1', amount: 5_000, ...standing, at },
    ]);
    return { paymentId, disputeId };
  };
  const send = (disputeId: string, more: Record<string, unknown> = {}) =>
    worker.ask(shop, { tenantId, type: 'SubmitDisputeEvidence', subject: disputeId, body, ...more });

  it('is rejected while nobody can tell whether there is such a dispute, and set aside nowhere', async () => {
    const { disputeId } = await disputedPayment();
    const result = await send(disputeId);
    expect(result.json).toMatchObject({ outcome: 'rejected', error: { code: 'read_model_behind' } });
    await expect(worker.letterRows()).resolves.toEqual([]);
  }, 60_000);

  it('is taken by the id of the dispute, answered with the payment, and sealed before it is stored', async () => {
    const projector = worker.database.pool('billing_projector');
    log = new PostgresLog(projector, worker.database.url('billing_projector'), { warn: () => undefined });
    const models = allReadModels();
    await log.subscribe({
      consumer: readModelsConsumer,
      handle: (events, client) => applyInLockstep(models, events, client),
      committed: () => {
        for (const model of models) model.committed();
      },
    });
    const { paymentId, disputeId } = await disputedPayment();
    const result = await send(disputeId);
    expect(result.json).toMatchObject({
      outcome: 'accepted',
      settled: false,
      resource: { type: 'payment', id: paymentId },
    });
    const { rows } = await worker.database.admin.query<{ type: string; data: string }>(
      'select type, data from billing.event where causation_id = $1',
      [result.json.commandId],
    );
    expect(rows).toEqual([{ type: 'DisputeEvidenceRequested', data: expect.stringContaining(disputeId) as string }]);
    expect(rows[0]?.data).not.toContain('Lovelace');
    expect((await send(disputeId)).json).toMatchObject({ error: { code: 'operation_in_progress' } });
  }, 60_000);

  it('about no dispute, with no subject, or with a card number is rejected', async () => {
    expect((await send(randomUUID())).json).toMatchObject({
      outcome: 'rejected',
      error: { code: 'dispute_not_found', field: 'disputeId' },
    });
    expect((await send('du_1')).json).toMatchObject({ error: { code: 'invalid_subject', field: 'ce_subject' } });
    const card = { evidence: { uncategorizedText: 'paid with 4242 4242 4242 4242' } };
    expect((await send(randomUUID(), { body: card })).json).toMatchObject({ error: { code: 'raw_card_data' } });
  }, 60_000);
});
