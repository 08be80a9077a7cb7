import { createHash, randomUUID } from 'node:crypto';

import type { BillingEvent } from '#domain';
import type { Log, Subscription } from '#log';
import { PostgresLog } from '#log';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../test/database/index.js';
import { changeLog } from '../../test/database/change-log.js';
import { createTestDatabase } from '../../test/database/index.js';
import {
  allReadModels,
  applyInLockstep,
  getBalances,
  getRefund,
  listCustomers,
  listPaymentMethods,
  listPayments,
  listRefunds,
  readModelsConsumer,
  verifyReadModels,
} from './index.js';
import type { ReadModel } from './index.js';
import { charge, interleaved, LogWriter, refund } from './testing/log-writer.js';

let database: TestDatabase;
let api: Pool;
let projector: Pool;
let tenantId: string;
let writer: LogWriter;
let log: Log;

beforeEach(async () => {
  database = await createTestDatabase();
  api = database.pool('billing_api');
  projector = database.pool('billing_projector');
  tenantId = await database.addTenant();
  writer = new LogWriter(database.admin);
  log = new PostgresLog(projector, database.url('billing_projector'), { warn: () => undefined });
});
afterEach(async () => {
  await log.close();
  await database.drop();
});

const subscribe = (models: readonly ReadModel[] = allReadModels(), batchSize = 7): Promise<Subscription> =>
  log.subscribe({
    consumer: readModelsConsumer,
    batchSize,
    maxTries: 1,
    handle: (events, client) => applyInLockstep(models, events, client),
    committed: () => {
      for (const model of models) model.committed();
    },
  });
const project = async (models?: readonly ReadModel[], batchSize?: number): Promise<void> => {
  const subscription = await subscribe(models, batchSize);
  await subscription.whenCaughtUp();
  await subscription.close();
};
/** Charges, every third of them with a refund, interleaved as under load. */
const someMoney = (count: number, owner = tenantId) =>
  interleaved(
    owner,
    Array.from({ length: count }, (_, nr) => {
      const paymentId = randomUUID();
      const currency = nr % 4 ? 'usd' : 'jpy';
      const events = charge({ paymentId, currency, amount: 2_000 + nr, orderId: `order-${nr % 5}` });
      return nr % 3 ? events : [...events, ...refund(paymentId, { currency })];
    }),
  );
const rowsOf = async (table: string): Promise<number> => {
  const { rows } = await database.admin.query<{ count: number }>(`select count(*)::integer from billing.${table}`);
  return rows[0]?.count ?? 0;
};
const expectRebuildEqualsLive = async (): Promise<void> => {
  for (const { model, differences } of await verifyReadModels(projector)) {
    expect([model, differences]).toEqual([model, []]);
  }
};
const expectBooksBalanced = async (): Promise<void> => {
  const { rows } = await database.admin.query(
    'select tenant_id, currency, sum(amount) from billing.rm_balance group by 1, 2 having sum(amount) <> 0',
  );
  expect(rows).toEqual([]);
};

describe('the read models', () => {
  it('show what was recorded: payment, refund, customer, payment method and balances', async () => {
    const [paymentId, customerId, methodId, refundId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const at = '2026-11-01T09:00:00.000Z';
    const write = (streamId: string, events: BillingEvent[]) =>
      writer.write(events.map((event) => ({ tenantId, streamId, event })));
    await write(`customer-${customerId}`, [
      { type: 'CustomerCreated', customerId, personal: 'sealed', at },
      { type: 'CustomerRegistered', processorCustomerId: 'cus_1', at },
    ]);
    await write(`payment_method-${methodId}`, [
      { type: 'PaymentMethodAttachRequested', paymentMethodId: methodId, customerId, kind: 'card', at },
      { type: 'PaymentMethodAttached', details: 'sealed', at },
    ]);
    const availableOn = new Date(Date.now() + 86_400_000).toISOString();
    await write(`payment-${paymentId}`, [
      ...charge({ paymentId, customerId, amount: 5_000, availableOn }),
      ...refund(paymentId, { refundId, amount: 1_000 }),
    ]);
    await project();

    expect((await listPayments(api, tenantId, {})).data).toMatchObject([
      { id: paymentId, status: 'partially_refunded', refunds: [{ id: refundId, status: 'succeeded' }] },
    ]);
    expect(await getRefund(api, tenantId, refundId)).toMatchObject({
      version: 6,
      value: { id: refundId, paymentId, amount: 1_000, status: 'succeeded' },
    });
    expect((await listCustomers(api, tenantId, {})).data).toMatchObject([
      { customerId, personal: 'sealed', registration: { phase: 'registered' } },
    ]);
    expect((await listPaymentMethods(api, tenantId, { customerId })).data).toMatchObject([
      { paymentMethodId: methodId, attachment: { phase: 'attached', details: 'sealed' } },
    ]);
    expect(await getBalances(api, tenantId)).toEqual([
      {
        currency: 'usd',
        available: 0,
        pending: 4_900,
        accounts: {
          processor_balance: 4_900,
          processing_fees: 100,
          processor_receivable: -1_000,
          refunds_in_flight: 0,
          tenant_payable: -4_000,
        },
      },
    ]);
    await database.admin.query(`update billing.rm_settlement set available_on = now() - interval '1 second'`);
    expect(await getBalances(api, tenantId)).toMatchObject([{ available: 4_900, pending: 0 }]);
  });

  it('fold what the processor says of its own accord onto rows that were stored before', async () => {
    const [paymentId, customerId, methodId, payoutId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const at = '2026-11-03T09:00:00.000Z';
    const write = (streamId: string, events: BillingEvent[]) =>
      writer.write(events.map((event) => ({ tenantId, streamId, event })));
    await write(`customer-${customerId}`, [
      { type: 'CustomerCreated', customerId, personal: 'sealed', at },
      { type: 'CustomerRegistered', processorCustomerId: 'cus_1', at },
    ]);
    await write(`payment_method-${methodId}`, [
      { type: 'PaymentMethodAttachRequested', paymentMethodId: methodId, customerId, kind: 'card', at },
      { type: 'PaymentMethodAttached', details: 'sealed', at },
    ]);
    await write(`payment-${paymentId}`, charge({ paymentId, customerId, amount: 5_000 }));
    await project();

    await write(`customer-${customerId}`, [
      { type: 'FinancialAccountReported', processorFinancialAccountId: 'fca_1', connected: true, at },
      { type: 'CustomerDeletedAtProcessor', processorCustomerId: 'cus_1', at },
    ]);
    await write(`payment_method-${methodId}`, [
      { type: 'PaymentMethodLookupRequested', lookupId: methodId, reason: 'updated', at },
      { type: 'PaymentMethodUpdated', details: 'sealed anew', at },
      { type: 'MandateReported', processorMandateId: 'mandate_1', status: 'inactive', at },
      { type: 'PaymentMethodDetached', at },
    ]);
    const dispute = { disputeId: randomUUID(), amount: 3_000, currency: 'usd', at } as const;
    await write(`payment-${paymentId}`, [
      { type: 'PaymentLookupRequested', lookupId: paymentId, processorPaymentId: 'pi_1', reason: 'charge_changed', at },
      { type: 'ProcessorReviewReported', processorReviewId: 'prv_1', open: true, reason: 'rule', at },
      { type: 'FraudWarningReceived', processorWarningId: 'issfr_1', fraudType: 'misc', actionable: true, at },
      { type: 'DisputeOpened', ...dispute, booked: 'nothing' },
      {
        type: 'DisputeFundsMoved',
        ...dispute,
        movementId: 'a',
        direction: 'withdrawn',
        booked: 'open',
        becomes: 'open',
      },
      { type: 'DisputeClosed', ...dispute, outcome: 'won', booked: 'open', becomes: 'won' },
      {
        type: 'DisputeFundsMoved',
        ...dispute,
        movementId: 'b',
        direction: 'reinstated',
        booked: 'won',
        becomes: 'won',
      },
      {
        type: 'DisputeFundsMoved',
        ...dispute,
        movementId: 'c',
        direction: 'withdrawn',
        booked: 'won',
        becomes: 'lost',
      },
    ]);
    const account = { processorPayoutId: 'po_1', processorAccountId: 'acct_1', arrivesOn: at };
    const payout = { payoutId, ...account, amount: 700, currency: 'usd', at };
    await write(`payout-${payoutId}`, [
      { type: 'PayoutReported', ...payout, booked: 'nothing' },
      { type: 'PayoutPaid', ...payout, booked: 'in_transit' },
    ]);
    await write(`connected_account-${customerId}`, [
      { type: 'ConnectedAccountLinked', connectedAccountId: customerId, processorAccountId: 'acct_1', at },
      { type: 'ConnectedAccountLookupRequested', lookupId: customerId, processorAccountId: 'acct_1', at },
    ]);
    await project();

    expect((await listPayments(api, tenantId, {})).data).toMatchObject([{ id: paymentId, status: 'disputed' }]);
    expect((await listCustomers(api, tenantId, {})).data).toMatchObject([
      { processorCustomerIds: ['cus_1'], deletedProcessorCustomerIds: ['cus_1'] },
    ]);
    expect((await listPaymentMethods(api, tenantId, { customerId })).data).toMatchObject([
      { detached: true, attachment: { details: 'sealed anew' }, mandates: { mandate_1: 'inactive' } },
    ]);
    expect(await getBalances(api, tenantId)).toMatchObject([
      {
        available: 4_900,
        accounts: {
          disputes_held: 0,
          tenant_payable: -2_000,
          processor_receivable: -3_000,
          connected_balance: -700,
          payouts_in_transit: 0,
          payouts_paid: 700,
        },
      },
    ]);
    await expectBooksBalanced();
    await expectRebuildEqualsLive();
  });

  it('equal a rebuild from the log, however the log was cut into batches, and every tenant and currency sums to zero', async () => {
    const other = await database.addTenant();
    await writer.write([...someMoney(60), ...someMoney(40, other)]);
    await project(allReadModels(), 1);
    await expectRebuildEqualsLive();
    await writer.write([...someMoney(30), ...someMoney(20, other)]);
    await project(allReadModels(), 13);
    await expectRebuildEqualsLive();
    await expectBooksBalanced();
    expect(await rowsOf('rm_payment')).toBe(150);
  });

  it('have a digest that follows from the log alone, however it was cut, and that anybody can recompute', async () => {
    const written = someMoney(30);
    await writer.write(written);
    await project(allReadModels(), 3);
    const other = await createTestDatabase();
    await other.addTenant({ id: tenantId });
    await new LogWriter(other.admin).write(written);
    const otherPool = other.pool('billing_projector');
    const otherLog = new PostgresLog(otherPool, other.url('billing_projector'), { warn: () => undefined });
    const models = allReadModels();
    const subscription = await otherLog.subscribe({
      consumer: readModelsConsumer,
      batchSize: 1_000,
      handle: (events, client) => applyInLockstep(models, events, client),
    });
    await subscription.whenCaughtUp();
    await otherLog.close();
    const [ours, theirs] = [await verifyReadModels(projector), await verifyReadModels(otherPool)];
    await other.drop();
    expect(ours).toEqual(theirs);
    expect(new Set(ours.map(({ digest }) => digest)).size).toBe(5); // neither customers nor payment methods nor disputes have a row

    const admin = await database.admin.connect();
    await admin.query(`set timezone = 'UTC'`);
    const lines = async (row: string, order: string): Promise<string[]> => {
      const { rows } = await admin.query<{ line: string }>(
        `select jsonb_build_array(tenant_id, ${row})::text as line from billing.${order} collate "C"`,
      );
      return rows.map(({ line }) => `${line}\n`);
    };
    const all = [
      ...(await lines('currency, account, amount', 'rm_balance order by currency collate "C", account')),
      ...(await lines('currency, available_on, amount', 'rm_settlement order by currency')),
    ];
    admin.release();
    const balances = ours.find(({ model }) => model === 'balances');
    expect(balances?.digest).toBe(createHash('sha256').update(all.join('')).digest('hex'));
  });

  it('are found out when somebody touched them', async () => {
    await writer.write(someMoney(5));
    await project();
    await database.admin.query(
      `update billing.rm_balance set amount = amount + 1 where account = 'tenant_payable' and currency = 'usd'`,
    );
    await database.admin.query('delete from billing.rm_refund');
    await database.admin.query(
      `insert into billing.rm_payment select tenant_id, gen_random_uuid(), customer_id, order_id, status, created_at, version, state
      from billing.rm_payment limit 1`,
    );
    const found = new Map((await verifyReadModels(projector)).map(({ model, differences }) => [model, differences]));
    expect(found.get('balances')).toEqual([expect.stringMatching(/^rm_balance .*\/usd\/tenant_payable differs$/)]);
    expect(found.get('refunds')).toEqual([
      expect.stringContaining('is missing'),
      expect.stringContaining('is missing'),
    ]);
    expect(found.get('payments')).toEqual([expect.stringContaining('should not be')]);
    expect(found.get('customers')).toEqual([]);
  });

  it('have all of a batch or none: one that fails in the last model leaves the others as they were (blnk #240)', async () => {
    await writer.write(someMoney(6));
    await project();
    const before = await database.admin.query('select * from billing.rm_payment order by payment_id');
    const failing: ReadModel = {
      name: 'failing',
      tables: [],
      apply: () => Promise.reject(Object.assign(new Error('the disk is full'), { code: '53100' })),
      committed: () => undefined,
      forget: () => undefined,
    };
    await writer.write(someMoney(6));
    const models = allReadModels();
    const subscription = await subscribe([...models, failing], 1_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await subscription.close();
    expect((await database.admin.query('select * from billing.rm_payment order by payment_id')).rows).toEqual(
      before.rows,
    );
    await expectRebuildEqualsLive();
    // The same models, whose memory holds what was rolled back, must not build on it.
    await project(models, 1_000);
    expect(await rowsOf('rm_payment')).toBe(12);
    await expectRebuildEqualsLive();
    await expectBooksBalanced();
  });

  it('build on the tables, not on what they remember, once they are told that somebody else wrote them', async () => {
    const paymentId = randomUUID();
    const written = charge({ paymentId }).map((event) => ({ tenantId, streamId: `payment-${paymentId}`, event }));
    const models = allReadModels();
    await writer.write(written.slice(0, 2));
    await project(models);
    const setOrder = `update billing.rm_payment set state = jsonb_set(state::jsonb, '{orderId}', '"of another"')::text`;
    await database.admin.query(setOrder);
    for (const model of models) model.forget();
    await writer.write(written.slice(2));
    await project(models);
    expect((await listPayments(api, tenantId, {})).data).toMatchObject([
      { status: 'succeeded', orderId: 'of another' },
    ]);
  });

  it('take effect once where connections are cut in the middle, again and again', async () => {
    await writer.write(someMoney(40));
    const models = allReadModels();
    let batches = 0;
    const subscription = await log.subscribe({
      consumer: readModelsConsumer,
      batchSize: 20,
      handle: async (events, client) => {
        await applyInLockstep(models, events, client);
        batches += 1;
        if (batches % 3 !== 0) return;
        const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
        await database.admin.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      },
      committed: () => {
        for (const model of models) model.committed();
      },
    });
    await subscription.whenCaughtUp();
    await expectRebuildEqualsLive();
    await expectBooksBalanced();
  });

  it('set a stream aside whose events do not follow each other, and verify without it', async () => {
    await writer.write(someMoney(3));
    await project();
    const broken = randomUUID();
    const [created, , captured] = charge({ paymentId: broken });
    const streamId = `payment-${broken}`;
    await writer.write([created, captured].flatMap((event) => (event ? [{ tenantId, streamId, event }] : [])));
    await changeLog(database.admin, 'update billing.event set version = 3 where stream_id = $1 and version = 2', [
      streamId,
    ]);
    await project();
    const { rows } = await database.admin.query('select stream_id, error from billing.dead_letter');
    expect(rows).toEqual([
      { stream_id: streamId, error: expect.stringContaining('version 3 cannot follow') as string },
    ]);
    const { rows: shown } = await database.admin.query('select version from billing.rm_payment where payment_id = $1', [
      broken,
    ]);
    expect(shown).toEqual([{ version: 1 }]);
    await expectRebuildEqualsLive();
  });
});

describe('a tenant', () => {
  it('sees its own rows and nothing of another, and without a tenant there is nothing', async () => {
    const other = await database.addTenant();
    await writer.write([...someMoney(5), ...someMoney(3, other)]);
    await project();
    const mine = await listPayments(api, tenantId, {});
    const theirs = await listPayments(api, other, {});
    expect([mine.data.length, theirs.data.length]).toEqual([5, 3]);
    const mineIds = mine.data.map(({ id }) => id);
    for (const { id } of theirs.data) expect(mineIds).not.toContain(id);
    const { data: ofTheirs } = await listRefunds(api, other, {});
    expect(ofTheirs).toHaveLength(1);
    for (const { id } of ofTheirs) expect(await getRefund(api, tenantId, id)).toBeUndefined();
    expect(await getBalances(api, randomUUID())).toEqual([]);
    for (const table of [
      'rm_payment',
      'rm_refund',
      'rm_customer',
      'rm_payment_method',
      'rm_balance',
      'rm_settlement',
    ]) {
      expect((await api.query(`select from billing.${table}`)).rowCount).toBe(0);
      await expect(api.query(`delete from billing.${table}`)).rejects.toThrow('permission denied');
    }
  });
});
