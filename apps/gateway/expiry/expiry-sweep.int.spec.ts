import { randomUUID } from 'node:crypto';

import { paymentMethods } from '#command-handling/facts';
import { streamIdOf } from '#contracts';

import { until } from '../testing/clock.js';
import { hear } from '../testing/hear.js';
import type { Payer } from '../testing/workbench.js';
import { Workbench } from '../testing/workbench.js';

const dayMs = 24 * 3_600_000;

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
  await bench.project();
});
afterAll(() => bench.close());

/** The dates of which notices were given, in order. */
const noticesOf = async ({ paymentMethodId }: Payer): Promise<string[]> => {
  const { rows } = await bench.database.admin.query<{ expires_on: string }>(
    `select data::jsonb ->> 'expiresOn' as expires_on from billing.event where stream_id = $1 and type = 'PaymentMethodExpiring' order by version`,
    [streamIdOf('payment_method', paymentMethodId)],
  );
  return rows.map(({ expires_on }) => expires_on);
};

/** Waits until a walk has begun after now and come to its end. */
const walked = async (): Promise<void> => {
  await bench.database.admin.query(`update billing.expiry_sweep set not_before = '2026-01-01'`);
  await until(async () => {
    const { rows } = await bench.database.admin.query<{ not_before: Date }>(
      'select not_before from billing.expiry_sweep',
    );
    return (rows[0]?.not_before.getTime() ?? 0) > Date.now() + dayMs / 2;
  });
};

const endOf = async ({ processorCustomerId }: Payer): Promise<{ id: string; endsAt: number }> => {
  const [method] = await bench.stripe.list<{ id: string; card: { exp_month: number; exp_year: number } }>(
    `/v1/customers/${processorCustomerId}/payment_methods`,
  );
  if (!method) throw new Error('no payment method');
  return { id: method.id, endsAt: Date.UTC(method.card.exp_year, method.card.exp_month, 1) };
};

it('a card that ends within thirty days is told of once, by however many gateways, and again once it is issued anew', async () => {
  const sweeping = { expiryPollMs: 20, expiryPageSize: 2, timeoutMs: 5_000 };
  await bench.gateway(sweeping);
  await bench.gateway(sweeping);
  const payers = [await bench.payer(), await bench.payer(), await bench.payer()];
  const account = await bench.payer('pm_usBankAccount_success', 'us_bank_account');
  const [payer] = payers as [Payer];
  await until(async () => {
    const { rows } = await bench.database.admin.query<{ count: string }>(
      `select count(*) from billing.rm_payment_method where state like '%attached%'`,
    );
    return rows[0]?.count === '4';
  });
  await walked();
  expect(await noticesOf(payer)).toEqual([]);

  const { id, endsAt } = await endOf(payer);
  const ends = new Date(endsAt - dayMs).toISOString().slice(0, 7);
  bench.clock.advance(endsAt - 20 * dayMs - bench.clock.now().getTime());
  await walked();
  for (const each of payers) expect(await noticesOf(each)).toEqual([ends]);
  expect(await noticesOf(account)).toEqual([]);
  await walked();
  expect(await noticesOf(payer)).toEqual([ends]);

  await bench.stripe.form(`/sandbox/payment_methods/${id}/renew`, {});
  await hear(
    bench.database.pool('billing_webhook_ingest'),
    bench.tenantId,
    paymentMethods,
    ['payment_method', payer.paymentMethodId],
    { type: 'RequestPaymentMethodLookup', lookupId: randomUUID(), reason: 'updated', at: new Date().toISOString() },
  );
  await until(async () => {
    const { rows } = await bench.database.admin.query(
      `select from billing.event where stream_id = $1 and type = 'PaymentMethodUpdated'`,
      [streamIdOf('payment_method', payer.paymentMethodId)],
    );
    return rows.length > 0;
  });
  const renewed = await endOf(payer);
  bench.clock.advance(renewed.endsAt - 20 * dayMs - bench.clock.now().getTime());
  await until(async () => {
    await walked();
    return (await noticesOf(payer)).length > 1;
  });
  const { rows } = await bench.database.admin.query<{ due: Date }>(
    'select not_before as due from billing.expiry_sweep',
  );
  // These gateways' clock is months ahead by now: the others' walks are not put off by that.
  expect(rows[0]?.due.getTime()).toBeLessThan(Date.now() + 2 * dayMs);
  expect(await noticesOf(payer)).toEqual([ends, new Date(renewed.endsAt - dayMs).toISOString().slice(0, 7)]);
});
