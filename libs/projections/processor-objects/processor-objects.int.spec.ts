import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { BillingEvent } from '#domain';
import type { PaymentEvent } from '#domain/payment';

import { findProcessorObjects, verifyReadModels } from '../index.js';
import { charge } from '../testing/log-writer.js';
import type { Projected } from '../testing/projected.js';
import { openProjected } from '../testing/projected.js';

let projected: Projected;
beforeAll(async () => {
  projected = await openProjected();
});
afterAll(() => projected.close());

const at = '2026-11-01T10:00:00.000Z';

const write = (tenantId: string, stream: string, events: readonly BillingEvent[]): Promise<void> =>
  projected.writer.write(events.map((event) => ({ tenantId, streamId: stream, event })));

/** A payment whose first attempt failed and whose second one needs its customer. */
const twoAttempts = (paymentId: string): PaymentEvent[] => {
  const [created, requested] = charge({ paymentId });
  if (created?.type !== 'PaymentCreated' || requested?.type !== 'PaymentRequested') throw new Error('no charge');
  return [
    created,
    requested,
    { type: 'PaymentFailed', attempt: 1, code: 'card_declined', processorPaymentId: `pi_1_${paymentId}`, at },
    { ...requested, attempt: 2 },
    {
      type: 'PaymentActionRequired',
      attempt: 2,
      processorPaymentId: `pi_2_${paymentId}`,
      action: 'redirect_to_url',
      at,
    },
    { type: 'PaymentProcessing', attempt: 2, processorPaymentId: `pi_2_${paymentId}`, at },
  ];
};

const rows = async (): Promise<string[]> => {
  const found = await projected.database.admin.query<{ row: string }>(
    `select concat_ws('/', tenant_id, kind, object_id, processor_id) as row from billing.rm_processor_object order by 1`,
  );
  return found.rows.map(({ row }) => row);
};

it('has a row for every id by which the processor knows a customer, an attempt or an account', async () => {
  const { tenantId, database } = projected;
  const other = await database.addTenant();
  const [paymentId, foreignId, customerId, connectedAccountId] = Array.from({ length: 4 }, () => randomUUID()) as [
    string,
    string,
    string,
    string,
  ];
  await write(tenantId, `payment-${paymentId}`, twoAttempts(paymentId));
  await write(other, `payment-${foreignId}`, charge({ paymentId: foreignId }));
  await write(tenantId, `customer-${customerId}`, [
    { type: 'CustomerCreated', customerId, personal: 'sealed', at },
    { type: 'CustomerRegistered', processorCustomerId: `cus_${customerId}`, at },
  ]);
  await write(tenantId, `connected_account-${connectedAccountId}`, [
    { type: 'ConnectedAccountLinked', connectedAccountId, processorAccountId: `acct_${connectedAccountId}`, at },
  ]);
  await projected.project();
  const expected = [
    `${tenantId}/payment/${paymentId}/pi_1_${paymentId}`,
    `${tenantId}/payment/${paymentId}/pi_2_${paymentId}`,
    `${other}/payment/${foreignId}/pi_${foreignId}`,
    `${tenantId}/customer/${customerId}/cus_${customerId}`,
    `${tenantId}/connected_account/${connectedAccountId}/acct_${connectedAccountId}`,
  ].sort();
  expect(await rows()).toEqual(expected);

  const finder = database.pool('billing_webhook_ingest');
  const object = { tenantId, objectId: paymentId };
  expect(await findProcessorObjects(finder, 'payment', `pi_2_${paymentId}`)).toEqual([object]);
  expect(await findProcessorObjects(finder, 'customer', `pi_2_${paymentId}`)).toEqual([]);
  const foreign = { tenantId: other, objectId: foreignId };
  const gateway = database.pool('billing_gateway');
  expect(await findProcessorObjects(gateway, 'payment', `pi_${foreignId}`)).toEqual([foreign]);

  const [verified] = await verifyReadModels(projected.pools.projector, { names: ['processor-objects'] });
  expect(verified).toMatchObject({ rows: expected.length, differing: 0 });
});

it('is seen across tenants only by who has to find out whose an event is', async () => {
  for (const role of ['billing_api', 'billing_command_worker', 'billing_relay']) {
    const query = projected.database.pool(role).query('select from billing.rm_processor_object');
    await expect(query).rejects.toThrow('permission denied');
  }
  const ingest = projected.database.pool('billing_webhook_ingest');
  await expect(ingest.query('delete from billing.rm_processor_object')).rejects.toThrow('permission denied');
});

it('is filled by its migration with what the projector has passed already', async () => {
  const migration = await readFile(new URL('../../../migrations/0014_processor_objects.sql', import.meta.url), 'utf8');
  const fill = migration.slice(migration.indexOf('insert into rm_processor_object'));
  const before = (await rows()).filter((row) => !row.includes('/connected_account/')); // there were none before
  const client = await projected.pools.owner.connect();
  try {
    await client.query('set search_path = billing');
    await client.query('delete from rm_processor_object');
    await client.query(fill);
    await client.query(fill);
  } finally {
    client.release(true);
  }
  expect(await rows()).toEqual(before);
});
