import { randomUUID } from 'node:crypto';

import type { FactAggregate } from '#command-handling/facts';
import { FactRecorder, connectedAccounts, paymentMethods, payments } from '#command-handling/facts';
import type { Aggregate, DomainEvent } from '#contracts';
import { streamIdOf } from '#contracts';
import { statusOf } from '#domain/payment';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import { StripeProcessor } from '#processor/stripe';
import Stripe from 'stripe';

import type { RunningGateway } from './assemble.js';
import { until } from './testing/clock.js';
import type { Payer } from './testing/workbench.js';
import { Workbench } from './testing/workbench.js';

let bench: Workbench;
let gateway: RunningGateway;
let stripe: Stripe;
beforeEach(async () => {
  bench = await Workbench.open();
  gateway = await bench.gateway();
  const { hostname: host, port } = new URL(bench.sandbox.url);
  stripe = new Stripe('sk_test_123', { host, port, protocol: 'http' });
});
afterEach(() => bench.close());

/** Asks for a look, as the webhook ingest does. */
const ask = async <S, F, E extends DomainEvent>(
  aggregate: FactAggregate<S, F, E>,
  [kind, id]: [Aggregate, string],
  fact: F,
): Promise<void> => {
  const pool = bench.database.pool('billing_webhook_ingest', { max: 2 });
  const recorder = new FactRecorder(new StreamReader(pool), new Batcher(appendOver(pool)), 'webhook-ingest');
  const { tenantId } = bench;
  const place = { tenantId, shard: await new TenantShards(pool).of(tenantId), streamId: streamIdOf(kind, id) };
  const commandId = randomUUID();
  const stream = await recorder.load(aggregate, place);
  const asked = await recorder.record(aggregate, { ...place, commandId, correlationId: commandId }, [fact], stream);
  expect(asked).toHaveLength(1);
};

/** Waits until every look that was asked for is over. */
const looked = async (): Promise<void> => {
  await gateway.intake.whenCaughtUp();
  await bench.idle();
};

const at = '2026-11-21T00:00:00.000Z';

const charged = async (payer: Payer): Promise<{ paymentId: string; processorPaymentId: string }> => {
  const paymentId = await bench.charge(payer);
  await bench.reaches(paymentId, 'succeeded');
  await bench.idle();
  const [intent] = await bench.intents(payer);
  return { paymentId, processorPaymentId: String(intent?.id) };
};

describe('a look at a payment', () => {
  it('records everything that the processor has about it: a refund and a dispute that nobody here asked for', async () => {
    const payer = await bench.payer();
    const { paymentId, processorPaymentId } = await charged(payer);
    await stripe.refunds.create({ payment_intent: processorPaymentId, amount: 300 });
    const [charge] = (await stripe.charges.list({ payment_intent: processorPaymentId })).data;
    await bench.stripe.post(`/sandbox/charges/${charge?.id}/dispute`, { amount: 500 });
    const about = { lookupId: randomUUID(), processorPaymentId, reason: 'charge_changed', at };
    await ask(payments, ['payment', paymentId], { type: 'RequestPaymentLookup', ...about });
    await looked();
    const payment = await bench.api.payment(bench.tenantId, paymentId);
    expect(statusOf(payment)).toBe('disputed');
    expect(Object.values(payment.refunds)).toMatchObject([{ amount: 300, stage: { phase: 'succeeded' } }]);
    expect(Object.values(payment.disputes)).toMatchObject([{ amount: 500 }]);
    const { settlements } = await bench.api.payment(bench.tenantId, paymentId);
    expect(
      Object.values(settlements)
        .map(({ source }) => source)
        .sort(),
    ).toEqual(['capture', 'dispute', 'refund']);
  });

  it('is a look again when something was heard again, and adds nothing where nothing is new', async () => {
    const payer = await bench.payer();
    const { paymentId, processorPaymentId } = await charged(payer);
    for (const reason of ['charge_changed', 'settlement']) {
      const about = { lookupId: randomUUID(), processorPaymentId, reason, at };
      await ask(payments, ['payment', paymentId], { type: 'RequestPaymentLookup', ...about });
    }
    await looked();
    const history = await bench.api.history(bench.tenantId, paymentId);
    expect(history.slice(-2)).toEqual(['PaymentLookupRequested', 'PaymentLookupRequested']);
  });

  it('says nothing of a payment that the processor does not know, or that is no attempt of ours', async () => {
    const payer = await bench.payer();
    const { paymentId } = await charged(payer);
    const other = await charged(await bench.payer());
    for (const processorPaymentId of ['pi_nowhere', other.processorPaymentId]) {
      const about = { lookupId: randomUUID(), processorPaymentId, reason: 'charge_changed', at };
      await ask(payments, ['payment', paymentId], { type: 'RequestPaymentLookup', ...about });
    }
    await looked();
    const { captures, attempts } = await bench.api.payment(bench.tenantId, paymentId);
    expect([Object.keys(captures).length, Object.keys(attempts).length]).toEqual([1, 1]);
  });
});

/** A processor whose balance transactions come later. */
class LateSettlements extends StripeProcessor {
  settled = false;

  override async retrieveStanding(...args: Parameters<StripeProcessor['retrieveStanding']>) {
    const standing = await super.retrieveStanding(...args);
    const none = { settlement: undefined };
    return (
      standing && {
        ...standing,
        payment: { ...standing.payment, ...none, settlements: [] },
        refunds: standing.refunds.map(({ refund, claim }) => ({ refund: { ...refund, ...none }, claim })),
      }
    );
  }

  override async fetchRefundSettlement(...args: Parameters<StripeProcessor['fetchRefundSettlement']>) {
    return this.settled ? super.fetchRefundSettlement(...args) : undefined;
  }
}

describe('what a look finds', () => {
  it('unsettled is fetched later, all of it', async () => {
    const payer = await bench.payer();
    const { paymentId, processorPaymentId } = await charged(payer);
    await bench.stop();
    const processor = new LateSettlements({ apiKey: 'sk_test_sandbox', apiBase: bench.sandbox.url });
    gateway = await bench.gateway({ processor });
    for (const amount of [100, 200]) await stripe.refunds.create({ payment_intent: processorPaymentId, amount });
    const about = { lookupId: randomUUID(), processorPaymentId, reason: 'charge_changed', at };
    await ask(payments, ['payment', paymentId], { type: 'RequestPaymentLookup', ...about });
    await until(async () => (await bench.calls()).filter((call) => call.operation === 'settlement').length === 2);
    processor.settled = true;
    await until(async () => {
      bench.clock.advance(60_000);
      return (await bench.calls()).length === 0;
    });
    const { settlements } = await bench.api.payment(bench.tenantId, paymentId);
    expect(
      Object.values(settlements)
        .map(({ gross }) => gross)
        .sort((a, b) => a - b),
    ).toEqual([-200, -100, 1_000]);
  });

  it('to be none of the payment’s own is told in the log and counted', async () => {
    await bench.stop();
    const lines: string[] = [];
    const logger = createLogger({ app: 'gateway', level: 'warn', write: (line) => lines.push(line) });
    const metrics = createMetrics('gateway');
    gateway = await bench.gateway({ logger, metrics });
    const { paymentId } = await charged(await bench.payer());
    const other = await charged(await bench.payer());
    const { processorPaymentId } = other;
    const about = { lookupId: randomUUID(), processorPaymentId, reason: 'charge_changed', at };
    await ask(payments, ['payment', paymentId], { type: 'RequestPaymentLookup', ...about });
    await looked();
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { operation: 'payment_lookup', outcome: 'mismatch', tenantId: bench.tenantId, streamId: `payment-${paymentId}` },
    ]);
    expect(await metrics.metrics()).toMatch(
      /billing_processor_calls_total\{[^}]*operation="payment_lookup",outcome="mismatch"[^}]*\} 1/,
    );
  });
});

describe('a look at a payment method', () => {
  const look = async (payer: Payer, reason: string): Promise<void> => {
    const fact = { type: 'RequestPaymentMethodLookup', lookupId: randomUUID(), reason, at } as const;
    await ask(paymentMethods, ['payment_method', payer.paymentMethodId], fact);
    await looked();
  };
  const tokenOf = async (payer: Payer): Promise<string> => {
    const { data } = await stripe.paymentMethods.list({ customer: payer.processorCustomerId });
    return String(data[0]?.id);
  };

  it('keeps what is as it was, seals what the bank has changed, and sees that it was detached', async () => {
    const payer = await bench.payer();
    const before = await bench.api.paymentMethod(bench.tenantId, payer.paymentMethodId);
    await look(payer, 'attached');
    expect((await bench.api.paymentMethod(bench.tenantId, payer.paymentMethodId)).attachment).toEqual(
      before.attachment,
    );

    const token = await tokenOf(payer);
    await stripe.paymentMethods.update(token, { card: { exp_month: 1, exp_year: 2041 } });
    await look(payer, 'updated');
    const { attachment } = await bench.api.paymentMethod(bench.tenantId, payer.paymentMethodId);
    if (attachment.phase !== 'attached') throw new Error('it is not attached');
    const record = `PaymentMethodAttached.details/${payer.paymentMethodId}`;
    const place = { tenantId: bench.tenantId, subjectId: payer.customerId, purpose: 'contact', record } as const;
    const opened = await bench.api.keys.openPersonal(place, attachment.details);
    expect(opened.erased ? {} : JSON.parse(opened.plaintext)).toMatchObject({ expYear: 2041, last4: '4242' });

    await stripe.paymentMethods.detach(token);
    await look(payer, 'updated');
    expect((await bench.api.paymentMethod(bench.tenantId, payer.paymentMethodId)).detached).toBe(true);
  });
});

it('an account is looked at when it is linked and when something is heard of it, and told of when it has changed', async () => {
  const { id } = await stripe.accounts.create({ type: 'custom', country: 'US' });
  const connectedAccountId = await bench.api.linkAccount(bench.tenantId, id);
  await looked();
  await stripe.accounts.update(id, { business_profile: { url: 'https://example.com' } });
  for (let times = 0; times < 2; times += 1) {
    const fact = { type: 'RequestConnectedAccountLookup', lookupId: randomUUID(), at } as const;
    await ask(connectedAccounts, ['connected_account', connectedAccountId], fact);
    await looked();
  }
  const { rows } = await bench.database.admin.query<{ type: string }>(
    'select type from billing.event where stream_id = $1 order by version',
    [streamIdOf('connected_account', connectedAccountId)],
  );
  expect(rows.map(({ type }) => type)).toEqual([
    'ConnectedAccountLinked',
    'ConnectedAccountReported',
    'ConnectedAccountLookupRequested',
    'ConnectedAccountReported',
    'ConnectedAccountLookupRequested',
  ]);
});
