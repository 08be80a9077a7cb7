import { randomUUID } from 'node:crypto';

import { FactRecorder, foreignPayoutId, payouts } from '#command-handling/facts';
import { streamIdOf } from '#contracts';
import type { RecordPayout } from '#domain/payout';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import type { ProcessorPayout } from '#processor';
import { StripeProcessor } from '#processor/stripe';
import Stripe from 'stripe';

import { until } from '../testing/clock.js';
import type { FindingRow } from '../testing/workbench.js';
import { Workbench } from '../testing/workbench.js';

/** Lists as well what the processor took from the account's bank account, which the sandbox does not do. */
class Debiting extends StripeProcessor {
  debit: ProcessorPayout | undefined;
  override async *listPayouts(...asked: Parameters<StripeProcessor['listPayouts']>) {
    if (this.debit) yield { payout: this.debit, claim: {} };
    yield* super.listPayouts(...asked);
  }
  override async fetchBalance() {
    const balances = await super.fetchBalance();
    const { currency, amount } = this.debit ?? { currency: '', amount: 0 };
    return balances.map((each) => (each.currency === currency ? { ...each, pending: each.pending - amount } : each));
  }
}

let bench: Workbench;
let stripe: Stripe;
let processor: Debiting;
beforeEach(async () => {
  bench = await Workbench.open();
  await bench.project();
  processor = new Debiting({ apiKey: 'sk_test_sandbox', apiBase: bench.sandbox.url });
  await bench.gateway({ processor });
  const { hostname: host, port } = new URL(bench.sandbox.url);
  stripe = new Stripe('sk_test_123', { host, port, protocol: 'http' });
});
afterEach(() => bench.close());

/** An account that can be paid out, with 10,000, linked to the tenant before it could. */
const linkedAccount = async (): Promise<{ accountId: string; connectedAccountId: string }> => {
  const capabilities = { card_payments: { requested: true }, transfers: { requested: true } };
  const { id: accountId } = await stripe.accounts.create({ type: 'custom', country: 'US', capabilities });
  const connectedAccountId = await bench.api.linkAccount(bench.tenantId, accountId);
  await until(async () => {
    const { standing } = await bench.api.connectedAccount(bench.tenantId, connectedAccountId);
    const { rowCount } = await bench.database.admin.query(
      "select from billing.rm_processor_object where kind = 'connected_account'",
    );
    return standing?.payoutsEnabled === false && rowCount === 1;
  });
  await stripe.accounts.update(accountId, {
    business_profile: { url: 'https://example.com' },
    business_type: 'individual',
    individual: { first_name: 'Jenny', last_name: 'Rosen', email: 'jenny@example.com', id_number: '000000000' },
    external_account: 'btok_us_verified',
    tos_acceptance: { date: 1_760_000_000, ip: '127.0.0.1' },
  });
  const funding = { amount: 20_000, currency: 'usd', payment_method: 'pm_card_bypassPending', confirm: true } as const;
  await stripe.paymentIntents.create({ ...funding, capture_method: 'automatic' });
  await stripe.transfers.create({ amount: 10_000, currency: 'usd', destination: accountId });
  return { accountId, connectedAccountId };
};

/** Records what was never told of a payout, as the gateway. */
const pretend = async (
  told: Pick<
    RecordPayout,
    'payoutId' | 'processorPayoutId' | 'processorAccountId' | 'amount' | 'currency' | 'arrivesOn'
  >,
): Promise<void> => {
  const { tenantId, database } = bench;
  const pool = database.pool('billing_gateway', { max: 2 });
  const recorder = new FactRecorder(
    new StreamReader(pool, { acrossTenants: true }),
    new Batcher(appendOver(pool)),
    'test',
  );
  const shard = await new TenantShards(pool).of(tenantId);
  const place = { tenantId, shard, streamId: streamIdOf('payout', told.payoutId) };
  const commandId = randomUUID();
  const at = new Date().toISOString();
  const fact = { type: 'RecordPayout', ...told, outcome: { phase: 'in_transit' }, at } as const;
  const stream = await recorder.load(payouts, place);
  await recorder.record(payouts, { ...place, commandId, correlationId: commandId }, [fact], stream);
};

const of = (findings: readonly FindingRow[], object: string): FindingRow[] =>
  findings.filter((finding) => finding.object === object);

it('finds how an account stands, and its payouts: one that was paid, and fails in the end', async () => {
  const { accountId, connectedAccountId } = await linkedAccount();
  const { tenantId } = bench;
  const made = await stripe.payouts.create({ amount: 4_000, currency: 'usd' }, { stripeAccount: accountId });
  const payoutId = foreignPayoutId(tenantId, made.id);
  await bench.stripe.post('/sandbox/settle');
  const first = (await bench.reconcile()).findings;
  expect(of(first, 'payout')).toMatchObject([
    {
      outcome: 'repaired',
      finding: 'missing_here',
      aspect: 'paid',
      object_id: payoutId,
      tenant_id: tenantId,
      theirs: '4000',
    },
  ]);
  expect(of(first, 'account')).toMatchObject([{ outcome: 'repaired', object_id: connectedAccountId }]);
  expect(await bench.api.connectedAccount(tenantId, connectedAccountId)).toMatchObject({
    standing: { payoutsEnabled: true },
  });
  expect(of(first, 'event').map(({ aspect }) => aspect)).toContain('payout.created');

  await bench.stripe.post(`/sandbox/payouts/${made.id}/conclude`, {
    outcome: 'failed',
    failure_code: 'account_closed',
  });
  const second = (await bench.reconcile()).findings;
  expect(of(second, 'payout')).toMatchObject([
    { outcome: 'repaired', aspect: 'status', ours: 'paid', theirs: 'failed' },
  ]);
  const code = 'account_closed';
  expect(await bench.api.payout(tenantId, payoutId)).toMatchObject({ amount: 4_000, stage: { phase: 'failed', code } });
  expect(of((await bench.reconcile()).findings, 'payout')).toEqual([]);
});

it('reports a payout of ours that the processor does not have, and one whose amount differs', async () => {
  const { accountId } = await linkedAccount();
  const { tenantId } = bench;
  const made = await stripe.payouts.create({ amount: 4_000, currency: 'usd' }, { stripeAccount: accountId });
  const ghost = randomUUID();
  const told = { processorAccountId: accountId, currency: 'usd', arrivesOn: new Date().toISOString() };
  await pretend({ ...told, payoutId: ghost, processorPayoutId: 'po_nowhere', amount: 100 });
  const payoutId = foreignPayoutId(tenantId, made.id);
  await pretend({ ...told, payoutId, processorPayoutId: made.id, amount: 4_001 });
  const { findings } = await bench.reconcile();
  expect(of(findings, 'payout').filter(({ outcome }) => outcome === 'drift')).toMatchObject([
    { finding: 'differs', aspect: 'amount', ours: '4001', theirs: '4000', processor_id: made.id },
    { finding: 'missing_there', aspect: 'in_transit', object_id: ghost, processor_id: 'po_nowhere', ours: '100' },
  ]);
  expect(await bench.api.payout(tenantId, foreignPayoutId(tenantId, made.id))).toMatchObject({ amount: 4_001 });
});

it('finds a payout of ours at the processor that was made long before the window', async () => {
  const monthsMs = 70 * 24 * 3_600_000;
  bench.clock.advance(-monthsMs);
  const { accountId } = await linkedAccount();
  const { tenantId } = bench;
  const made = await stripe.payouts.create({ amount: 4_000, currency: 'usd' }, { stripeAccount: accountId });
  bench.clock.advance(monthsMs);
  const arrivesOn = new Date(made.arrival_date * 1_000).toISOString();
  const told = { processorPayoutId: made.id, processorAccountId: accountId, currency: 'usd', arrivesOn };
  await pretend({ ...told, payoutId: foreignPayoutId(tenantId, made.id), amount: 4_000 });
  await pretend({ ...told, payoutId: randomUUID(), processorPayoutId: 'po_nowhere', amount: 100 });
  const { findings } = await bench.reconcile();
  expect(of(findings, 'payout')).toMatchObject([{ finding: 'missing_there', processor_id: 'po_nowhere' }]);
});

it('takes what was debited from a bank account for no payout, and for no part of what was settled', async () => {
  await linkedAccount();
  await bench.idle();
  const before = of((await bench.reconcile()).findings, 'balance');
  const arrivesOn = new Date().toISOString();
  processor.debit = { processorPayoutId: 'po_debit', amount: -500, currency: 'usd', status: 'paid', arrivesOn };
  const { findings } = await bench.reconcile();
  expect(of(findings, 'payout')).toEqual([]);
  expect(of(findings, 'balance')).toEqual(before);
});
