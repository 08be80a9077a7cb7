import { formatMoney } from '#domain/money';
import type { BalanceView, CustomerView, PaymentMethodView, PaymentView, RefundView } from '#projections';
import Table from 'cli-table3';

import type { Answer, DemoClient } from './client.js';
import { proveOffline } from './proof.js';

interface EventLine {
  position: string;
  eventId: string;
  type: string;
  streamId: string;
  data: { amount?: number; currency?: string; code?: string; net?: number; refundId?: string };
}

const plain = { head: [], border: [], compact: true };

/** Throws unless the api did what the story says. */
const expectThat = (what: string, holds: boolean, answer: Answer<unknown>): void => {
  if (!holds) throw new Error(`${what}: answered ${answer.status} ${JSON.stringify(answer.body)}`);
};

const money = (payment: PaymentView, amount: number): string => formatMoney(amount, payment.currency);

/**
 * Plays a charge, a partial capture, a refund, a decline and a repeated key, and ends with the refund's receipt out of the audit log, in
 * `folder`, verified offline; prints each with `print`. Throws at the first surprise.
 */
export const playStory = async (
  client: DemoClient,
  refundToken: string,
  folder: string,
  print: (line: string) => void,
): Promise<void> => {
  const step = (title: string, outcome: string) => {
    print(`  ${title.padEnd(34)}${outcome}`);
  };

  const customer = await client.post<CustomerView>('/v1/customers', 'demo-customer', {
    email: 'ada@example.com',
    name: 'Ada Lovelace',
  });
  expectThat('creating a customer', customer.status === 201, customer);
  const attach = (key: string, processorToken: string) =>
    client.post<PaymentMethodView>(`/v1/customers/${customer.body.id}/payment-methods`, key, {
      type: 'card',
      processorToken,
    });
  const card = await attach('demo-card', 'pm_card_visa');
  expectThat('attaching a card', card.status === 201, card);
  step('A customer with a card', `${card.body.card?.brand} ending in ${card.body.card?.last4}`);
  const pay = (key: string, amount: number, more: object = {}) =>
    client.post<PaymentView>('/v1/payments', key, {
      amount,
      currency: 'usd',
      customerId: customer.body.id,
      paymentMethodId: card.body.id,
      ...more,
    });

  const charge = await pay('demo-charge', 4_999);
  expectThat('a charge', charge.status === 201 && charge.body.status === 'succeeded', charge);
  step('A charge', `${money(charge.body, charge.body.amountCaptured)} ${charge.body.status}`);

  const held = await pay('demo-hold', 10_000, { captureMethod: 'manual' });
  expectThat('an authorization', held.body.status === 'authorized', held);
  const capture = await client.post<PaymentView>(`/v1/payments/${held.body.id}/capture`, 'demo-capture', {
    amount: 6_500,
  });
  expectThat(
    'a partial capture',
    capture.body.status === 'succeeded' && capture.body.amountCaptured === 6_500,
    capture,
  );
  step('A partial capture', `${money(held.body, 6_500)} of ${money(held.body, 10_000)}, the rest is released`);

  const refund = await client.post<RefundView>(
    `/v1/payments/${charge.body.id}/refunds`,
    'demo-refund',
    { amount: 2_000 },
    refundToken,
  );
  expectThat('a refund', refund.status === 201 && refund.body.status === 'succeeded', refund);
  step('A refund, with step-up', `${money(charge.body, refund.body.amount)} ${refund.body.status}`);

  const badCard = await attach('demo-bad-card', 'pm_card_chargeCustomerFail');
  const declined = await pay('demo-decline', 1_500, { paymentMethodId: badCard.body.id });
  expectThat('a decline', declined.status === 201 && declined.body.status === 'failed', declined);
  step(
    'A decline is an answer, no error',
    `${declined.status} ${declined.body.status}: ${declined.body.failure?.declineCode ?? declined.body.failure?.code}`,
  );

  const again = await pay('demo-charge', 4_999);
  expectThat('a repeated key', again.replayed && again.body.id === charge.body.id, again);
  step('The first charge, sent again', `the same answer, nothing charged (Idempotency-Replayed)`);

  const events = await showBooks(client, declined.position ?? refund.position, print);
  const refunded = events.find(({ type, data }) => type === 'RefundSucceeded' && data.refundId === refund.body.id);
  expectThat("the refund's event", refunded !== undefined, refund);
  print('\nFor those who trust neither this service nor its database:');
  await proveOffline(client, refunded?.eventId ?? '', folder, step);
};

/** Prints the log and the books; gives the events. */
const showBooks = async (
  client: DemoClient,
  position: string | undefined,
  print: (line: string) => void,
): Promise<EventLine[]> => {
  const events = await client.lines<EventLine>('/v1/events?limit=1000');
  const log = new Table({ head: ['position', 'event', 'amount', 'stream'], style: plain });
  for (const { position: at, type, data, streamId } of events) {
    const amount =
      data.currency && (data.amount ?? data.net) !== undefined
        ? formatMoney(data.amount ?? data.net ?? 0, data.currency)
        : (data.code ?? '');
    log.push([at, type, amount, streamId.replace(/(-\w{8})-.*/, '$1...')]);
  }
  print(`\nWhat happened, as ${events.length} immutable events:\n${log.toString()}`);

  const balances = await client.get<{ data: BalanceView[] }>('/v1/balances', position);
  const books = new Table({
    head: ['account', 'currency', 'balance'],
    style: plain,
    colAligns: ['left', 'left', 'right'],
  });
  for (const { currency, accounts } of balances.body.data) {
    const amounts = Object.values(accounts);
    for (const [account, amount] of Object.entries(accounts))
      books.push([account, currency, formatMoney(amount, currency)]);
    const sum = amounts.reduce((total, amount) => total + amount, 0);
    expectThat('double entry', sum === 0, balances);
    books.push(['sum', currency, formatMoney(sum, currency)]);
  }
  print(`\nThe books (debits positive):\n${books.toString()}`);
  return events;
};
