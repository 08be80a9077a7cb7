import { randomUUID } from 'node:crypto';

import { FactRecorder, payments } from '#command-handling/facts';
import { streamIdOf } from '#contracts';
import type { PaymentFact } from '#domain/payment';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import { createMetrics } from '#platform/metrics';
import { LookupRefused } from '#processor';
import { readEvent } from '#processor/stripe/events';
import { StripeProcessor } from '#processor/stripe';

import { until } from '../testing/clock.js';
import type { FindingRow, Payer } from '../testing/workbench.js';
import { Workbench } from '../testing/workbench.js';

let bench: Workbench;
beforeEach(async () => {
  bench = await Workbench.open();
  await bench.project();
});
afterEach(() => bench.close());

/** Findings about objects: nothing delivers events here, so all of those are found undelivered. */
const about = (findings: readonly FindingRow[], object?: string): FindingRow[] =>
  findings.filter((finding) => (object === undefined ? finding.object !== 'event' : finding.object === object));

const intentOf = async (payer: Payer): Promise<string> => {
  const [intent] = await bench.intents(payer);
  return String(intent?.id);
};

/** Records a fact that is not so, or that the processor does not know, as the gateway. */
const pretend = async (paymentId: string, fact: PaymentFact): Promise<void> => {
  const pool = bench.database.pool('billing_gateway', { max: 2 });
  const recorder = new FactRecorder(
    new StreamReader(pool, { acrossTenants: true }),
    new Batcher(appendOver(pool)),
    'test',
  );
  const { tenantId } = bench;
  const place = {
    tenantId,
    shard: await new TenantShards(pool).of(tenantId),
    streamId: streamIdOf('payment', paymentId),
  };
  const commandId = randomUUID();
  const stream = await recorder.load(payments, place);
  await recorder.record(payments, { ...place, commandId, correlationId: commandId }, [fact], stream);
};

const at = '2026-11-21T00:00:00.000Z';

describe('reconciliation', () => {
  it('finds nothing where both sides agree, and takes undelivered events in once', async () => {
    await bench.gateway();
    const payer = await bench.payer();
    await bench.reaches(await bench.charge(payer), 'succeeded');
    const first = await bench.reconcile(7); // a hundred slices
    expect(about(first.findings)).toEqual([]);
    expect(about(first.findings, 'event').map(({ finding, aspect }) => [finding, aspect])).toContainEqual([
      'undelivered',
      'payment_intent.succeeded',
    ]);
    const second = await bench.reconcile();
    expect(second.findings).toEqual([]);
    const { steps_done: done, steps_total: total, compared } = second.run;
    expect(second.run).toMatchObject({ state: 'done', repaired: '0', drift: '0' });
    expect([done, Number(compared) > 0]).toEqual([total, true]);
  });

  it('leaves events of the last minutes alone: they may be on their way', async () => {
    const deliveryMs = 600_000;
    await bench.gateway({ deliveryMs });
    const payer = await bench.payer();
    await bench.reaches(await bench.charge(payer), 'succeeded');
    expect((await bench.reconcile()).findings).toEqual([]);
    bench.clock.advance(deliveryMs + 60_000);
    const late = about((await bench.reconcile()).findings, 'event').map(({ aspect }) => aspect);
    expect(late).toContain('payment_intent.succeeded');
  });

  it("leaves an operation to its own answer as long as somebody may wait for that, and calls it by its request's story", async () => {
    let answer = (): void => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    let isDone = false;
    class Slow extends StripeProcessor {
      override async refundPayment(...call: Parameters<StripeProcessor['refundPayment']>) {
        const outcome = await super.refundPayment(...call);
        isDone = true;
        await answered;
        return outcome;
      }
    }
    const processor = new Slow({ apiKey: 'sk_test_sandbox', apiBase: bench.sandbox.url });
    await bench.gateway({ processor, booksPauseMs: 50 }); // they do not rest before the answer
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    await bench.command(paymentId, { type: 'RefundPayment', refundId: randomUUID(), amount: 100 });
    await until(() => Promise.resolve(isDone));
    expect(about((await bench.reconcile()).findings)).toEqual([]);
    answer();
    await bench.reaches(paymentId, 'partially_refunded');
    const { rows } = await bench.database.admin.query<{ correlation_id: string; type: string }>(
      'select type, correlation_id from billing.event where stream_id = $1 order by version',
      [streamIdOf('payment', paymentId)],
    );
    const refund = rows.slice(rows.findIndex(({ type }) => type.startsWith('RefundRequested')));
    expect(refund.length).toBeGreaterThan(1);
    expect(new Set(refund.map(({ correlation_id: story }) => story)).size).toBe(1);
  });

  it('puts an undelivered event sealed into the inbox, where the ingest reads it like a delivered one', async () => {
    await bench.gateway();
    const payer = await bench.payer();
    await bench.reaches(await bench.charge(payer), 'succeeded');
    await bench.reconcile();
    const { rows } = await bench.database.admin.query<{ event_id: string; sealed: string }>(
      "select event_id, sealed from billing.webhook_events where type = 'payment_intent.succeeded' and source = 'reconciled'",
    );
    const [row] = rows;
    expect(rows.length).toBe(1);
    expect(row?.sealed).not.toContain('payment_intent');
    const keys = bench.platformKeys('webhook-ingest', bench.database.pool('billing_webhook_ingest'));
    const place = { processor: 'stripe', eventId: String(row?.event_id) };
    const { body, signature } = await keys.openInbox(place, String(row?.sealed));
    expect(signature).toBeUndefined();
    expect(readEvent(body)).toMatchObject({ head: { eventId: row?.event_id }, reading: { kind: 'news' } });
  });

  it('repairs what a dropped webhook should have told: a bank debit that has succeeded', async () => {
    await bench.gateway();
    const payer = await bench.payer('pm_usBankAccount_success', 'us_bank_account');
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'processing');
    await bench.stripe.post('/sandbox/settle');
    const { run, findings } = await bench.reconcile();
    expect(run).toMatchObject({ state: 'done', drift: '0' });
    expect(about(findings)).toContainEqual(
      expect.objectContaining({
        outcome: 'repaired',
        finding: 'missing_here',
        object: 'payment',
        aspect: 'captured',
        tenant_id: bench.tenantId,
        object_id: paymentId,
        ours: '0',
        theirs: '1000',
        currency: 'usd',
      }),
    );
    await bench.reaches(paymentId, 'succeeded');
    expect(about((await bench.reconcile()).findings)).toEqual([]);
  });

  it("finds a refund made in the processor's dashboard, with its settlement", async () => {
    await bench.gateway();
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    await bench.stripe.post(`/v1/refunds?payment_intent=${await intentOf(payer)}&amount=250`);
    const { findings } = await bench.reconcile();
    expect(about(findings).map(({ outcome, finding, object, theirs }) => [outcome, finding, object, theirs])).toEqual([
      ['repaired', 'missing_here', 'refund', '250'],
    ]);
    const payment = await bench.reaches(paymentId, 'partially_refunded');
    const [refund] = Object.values(payment.refunds);
    expect(refund).toMatchObject({ amount: 250, stage: { phase: 'succeeded' }, requested: false });
    expect(Object.values(payment.settlements).map(({ gross }) => gross)).toContain(-250);
  });

  it('finds a dispute with the money that it moved', async () => {
    await bench.gateway();
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    const [charge] = await bench.stripe.list<{ id: string }>(`/v1/charges?payment_intent=${await intentOf(payer)}`);
    await bench.stripe.post(`/sandbox/charges/${charge?.id}/dispute`, {});
    const { findings } = await bench.reconcile();
    expect(about(findings)).toMatchObject([{ outcome: 'repaired', object: 'dispute', theirs: '1000' }]);
    await bench.reaches(paymentId, 'disputed');
    expect(about((await bench.reconcile()).findings)).toEqual([]);
  });

  it('reports an amount that differs, and does not write over it', async () => {
    const metrics = createMetrics('gateway');
    await bench.gateway({ metrics });
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    const refund = (await bench.stripe.post(`/v1/refunds?payment_intent=${await intentOf(payer)}&amount=250`)) as {
      id: string;
    };
    const processorPaymentId = await intentOf(payer);
    const refundId = randomUUID();
    const outcome = { refundId, processorRefundId: refund.id, processorPaymentId, amount: 300, at };
    await pretend(paymentId, { type: 'RecordRefundOutcome', outcome: 'succeeded', ...outcome });
    const { run, findings } = await bench.reconcile();
    expect(run).toMatchObject({ state: 'done', drift: '1' });
    expect(about(findings).filter(({ outcome }) => outcome === 'drift')).toMatchObject([
      { finding: 'differs', object: 'refund', aspect: 'amount', object_id: refundId, ours: '300', theirs: '250' },
    ]);
    const { refunds } = await bench.api.payment(bench.tenantId, paymentId);
    expect(Object.values(refunds)).toMatchObject([{ refundId, amount: 300 }]);
    expect(await bench.api.history(bench.tenantId, paymentId)).toContain('DriftDetected');
    expect((await bench.reconcile()).run).toMatchObject({ drift: '1' }); // until a person has looked
    const told = await metrics.metrics();
    expect(told).toMatch(/^billing_reconciliation_drift\{.*\} 1$/m);
    expect(told).toMatch(/^billing_reconciliation_findings_total\{object="refund",outcome="differs".*\} 2$/m);
  });

  it('reports what the processor has and we have not: a payment of nobody, of an unknown tenant, of an unknown payment', async () => {
    await bench.gateway();
    const stray = async (metadata: Record<string, string>): Promise<string> => {
      const query = new URLSearchParams({
        amount: '700',
        currency: 'usd',
        confirm: 'true',
        payment_method: 'pm_card_visa',
      });
      query.set('return_url', 'https://example.com');
      for (const [name, value] of Object.entries(metadata)) query.set(`metadata[${name}]`, value);
      return ((await bench.stripe.post(`/v1/payment_intents?${query.toString()}`)) as { id: string }).id;
    };
    const nobody = await stray({});
    const stranger = await stray({ tenantId: randomUUID(), paymentId: randomUUID(), attempt: '1' });
    const unknown = await stray({ tenantId: bench.tenantId, paymentId: randomUUID(), attempt: '1' });
    const { findings } = await bench.reconcile();
    expect(about(findings, 'payment')).toHaveLength(3);
    for (const [processor_id, aspect] of [
      [nobody, 'no_tenant'],
      [stranger, 'tenant_unknown'],
      [unknown, 'payment_unknown'],
    ]) {
      const expected = {
        outcome: 'drift',
        finding: 'missing_here',
        aspect,
        processor_id,
        theirs: '700',
        tenant_id: null,
      };
      expect(about(findings)).toContainEqual(expect.objectContaining(expected));
    }
  });

  it("does not take a payment for ours that names ours but is another attempt's or another customer's", async () => {
    await bench.gateway();
    const [payer, stranger] = [await bench.payer(), await bench.payer()];
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    // An attempt of which the processor never told us: it could be any that names it.
    await pretend(paymentId, { type: 'RecordFailure', attempt: 2, code: 'processor_unreachable', at });
    const claiming = async (attempt: string, customer?: string): Promise<string> => {
      const query = new URLSearchParams({ amount: '700', currency: 'usd', ...(customer && { customer }) });
      query.set('metadata[tenantId]', bench.tenantId);
      query.set('metadata[paymentId]', paymentId);
      query.set('metadata[attempt]', attempt);
      return ((await bench.stripe.post(`/v1/payment_intents?${query.toString()}`)) as { id: string }).id;
    };
    const expected = [
      [await claiming('1', payer.processorCustomerId), 'attempt_unknown'],
      [await claiming('2', stranger.processorCustomerId), 'customer_mismatch'],
      [await claiming('2'), 'customer_mismatch'],
    ];
    const { findings } = await bench.reconcile();
    const found = about(findings, 'payment').map(({ processor_id: id, aspect }) => [id, aspect]);
    expect(new Map(found as [string, string][])).toEqual(new Map(expected as [string, string][]));
    const { attempts } = await bench.api.payment(bench.tenantId, paymentId);
    expect(attempts[2]?.processorPaymentId).toBeUndefined();
  });

  it('reports what we have and the processor has not', async () => {
    await bench.gateway();
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    const refundId = randomUUID();
    const processorPaymentId = await intentOf(payer);
    const told = { refundId, processorRefundId: 're_nowhere', processorPaymentId, amount: 100, at };
    await pretend(paymentId, { type: 'RecordRefundOutcome', outcome: 'succeeded', ...told });
    const ghost = {
      attempt: 2,
      captureId: randomUUID(),
      processorPaymentId: 'pi_nowhere',
      amount: 500,
      final: true,
      at,
    };
    await pretend(paymentId, { type: 'RecordCapture', ...ghost });
    const { findings } = await bench.reconcile();
    expect(about(findings)).toHaveLength(2);
    for (const [object, processor_id, object_id] of [
      ['payment', 'pi_nowhere', paymentId],
      ['refund', 're_nowhere', refundId],
    ]) {
      const expected = { outcome: 'drift', finding: 'missing_there', object, processor_id, object_id };
      expect(about(findings)).toContainEqual(expect.objectContaining(expected));
    }
  });

  it("compares the processor's balance with the books", async () => {
    await bench.gateway();
    const payer = await bench.payer();
    await bench.reaches(await bench.charge(payer), 'succeeded');
    await bench.idle();
    expect(about((await bench.reconcile()).findings)).toEqual([]);
    await bench.database.admin.query(
      "update billing.rm_balance set amount = amount - 1 where account = 'processor_balance'",
    );
    const { findings } = await bench.reconcile();
    expect(about(findings)).toMatchObject([
      { outcome: 'drift', finding: 'differs', object: 'balance', processor_id: 'usd', tenant_id: null },
    ]);
    expect(Number(findings[0]?.theirs) - Number(findings[0]?.ours)).toBe(1);
  });
});

/** A processor that counts looks, and lets one hang for ever where it is told to. */
class WatchedProcessor extends StripeProcessor {
  readonly looked: string[] = [];
  hangsAfter = Infinity;
  mostAtOnce = 0;
  #atOnce = 0;

  override async retrieveStanding(processorPaymentId: string) {
    this.looked.push(processorPaymentId);
    if (this.looked.length > this.hangsAfter) await new Promise(() => undefined);
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    const standing = await super.retrieveStanding(processorPaymentId);
    this.#atOnce -= 1;
    return standing;
  }
}

const watched = (): WatchedProcessor =>
  new WatchedProcessor({ apiKey: 'sk_test_sandbox', apiBase: bench.sandbox.url, timeoutMs: 2_000 });

describe('a reconciliation run', () => {
  it('is gone on with by another gateway where the first one died, and finds what one run finds', async () => {
    const dying = watched();
    dying.hangsAfter = 2;
    await bench.gateway({ processor: dying });
    const payer = await bench.payer();
    const paymentIds: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const paymentId = await bench.charge(payer);
      await bench.reaches(paymentId, 'succeeded');
      paymentIds.push(paymentId);
      bench.clock.advance(2 * 3_600_000); // each in a slice of its own
    }
    for (const { id } of await bench.intents(payer)) {
      await bench.stripe.post(`/v1/refunds?payment_intent=${id}&amount=100`);
    }
    const runId = await bench.askForReconciliation();
    await until(() => Promise.resolve(dying.looked.length > 2));
    await bench.stop(0);
    const before = (await bench.reconciliation(runId)).run;
    expect(before).toMatchObject({ state: 'running' });
    expect(before.steps_done).toBeGreaterThan(0);
    const heir = watched();
    await bench.gateway({ processor: heir });
    const { run, findings } = await until(async () => {
      const reconciled = await bench.reconciliation(runId);
      return reconciled.run.state === 'done' && reconciled;
    }, 20_000);
    expect(run).toMatchObject({ takes: 2, drift: '0' });
    expect(about(findings, 'refund').map(({ outcome }) => outcome)).toEqual(Array(5).fill('repaired'));
    expect(new Set(heir.looked.slice(0, 3)).has(String(dying.looked[0]))).toBe(false); // not from the beginning
    for (const paymentId of paymentIds) await bench.reaches(paymentId, 'partially_refunded');
  });

  it('reports a repair once where its gateway died between the two', async () => {
    const pool = bench.database.pool('billing_gateway');
    const query = pool.query.bind(pool) as (...asked: unknown[]) => unknown;
    let isDying = false;
    const dyingPool = Object.assign(pool, {
      query: (...asked: unknown[]) => {
        if (typeof asked[0] !== 'string' || !asked[0].includes('reconciliation_finding')) return query(...asked);
        isDying = true;
        return new Promise(() => undefined);
      },
    });
    await bench.gateway({ pool: dyingPool });
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    await bench.idle();
    await bench.stripe.post(`/v1/refunds?payment_intent=${await intentOf(payer)}&amount=250`);
    const runId = await bench.askForReconciliation();
    await until(() => Promise.resolve(isDying));
    await bench.reaches(paymentId, 'partially_refunded');
    await bench.stop(0);
    expect((await bench.reconciliation(runId)).findings).toEqual([]);
    await bench.gateway();
    const { run, findings } = await until(async () => {
      const reconciled = await bench.reconciliation(runId);
      return reconciled.run.state === 'done' && reconciled;
    }, 20_000);
    expect(about(findings)).toMatchObject([
      { outcome: 'repaired', finding: 'missing_here', object: 'refund', aspect: 'succeeded', theirs: '250' },
    ]);
    expect(run).toMatchObject({ takes: 2, repaired: String(findings.length), drift: '0' });
  });

  it('lists by the same line as payments, which the processor can close', async () => {
    await bench.gateway();
    await bench.stripe.arm({ path: '/v1/payment_intents', method: 'GET', fault: 'server_error', times: 1_000 });
    const runId = await bench.askForReconciliation();
    await until(async () => {
      bench.clock.advance(1_000);
      return (await bench.reconciliation(runId)).run.last_error === 'breaker_open';
    }, 20_000);
  });

  it('is done by one gateway where there are two, and one run after the other', async () => {
    const processors = [watched(), watched()];
    for (const processor of processors) await bench.gateway({ processor });
    const payer = await bench.payer();
    for (let count = 0; count < 3; count += 1) await bench.reaches(await bench.charge(payer), 'succeeded');
    const runIds = [await bench.askForReconciliation(), await bench.askForReconciliation()];
    let mostAtOnce = 0;
    await until(async () => {
      const runs = await Promise.all(runIds.map(async (runId) => (await bench.reconciliation(runId)).run));
      mostAtOnce = Math.max(mostAtOnce, runs.filter(({ state }) => state === 'running').length);
      return runs.every(({ state, takes }) => state === 'done' && takes === 1);
    }, 30_000);
    expect(mostAtOnce).toBe(1);
    expect(processors.flatMap(({ looked }) => looked)).toHaveLength(6); // three payments a run
  });

  it('is begun by the schedule once a gateway has run for a while, by one of two, and once a turn', async () => {
    const dayMs = 24 * 3_600_000;
    bench.clock.advance(1.5 * dayMs - (Date.now() % dayMs)); // noon: a turn ends at midnight
    await bench.gateway({ reconcileEveryHours: 24 });
    await bench.gateway({ reconcileEveryHours: 24 });
    const payer = await bench.payer();
    await bench.reaches(await bench.charge(payer), 'succeeded');
    const scheduled = async (): Promise<string[]> => {
      const { rows } = await bench.database.admin.query<{ state: string }>(
        "select state from billing.reconciliation_run where asked_by = 'schedule'",
      );
      return rows.map(({ state }) => state);
    };
    expect(await scheduled()).toEqual([]);
    bench.clock.advance(11 * 60_000);
    await until(async () => (await scheduled()).includes('done'), 20_000);
    bench.clock.advance(2 * 60_000);
    await new Promise((resolve) => setTimeout(resolve, 300)); // several looks
    expect(await scheduled()).toEqual(['done']);
    bench.clock.advance(dayMs);
    await until(async () => (await scheduled()).length === 2);
  });

  it('has a few objects in hand at a time, however many there are', async () => {
    const processor = watched();
    await bench.gateway({ processor });
    for (let count = 0; count < 23; count += 1) {
      const make = () => bench.stripe.post('/v1/payment_intents?amount=700&currency=usd');
      await Promise.all(Array.from({ length: 10 }, make));
    }
    const { run, findings } = await bench.reconcile();
    expect(processor.looked).toHaveLength(230); // three pages
    expect(processor.mostAtOnce).toBeLessThanOrEqual(8);
    expect(run).toMatchObject({ state: 'done', drift: '230' });
    expect(about(findings, 'payment')).toHaveLength(230);
  });

  it('goes on with everything else where one object or one listing cannot be read', async () => {
    class Unreadable extends StripeProcessor {
      broken = '';
      override retrieveStanding(processorPaymentId: string) {
        if (processorPaymentId === this.broken) throw new TypeError('of no form known here');
        return super.retrieveStanding(processorPaymentId);
      }
      override listDisputes(): AsyncIterable<never> {
        const next = () => Promise.reject(new LookupRefused('more_permissions_required'));
        return { [Symbol.asyncIterator]: () => ({ next }) };
      }
    }
    const processor = new Unreadable({ apiKey: 'sk_test_sandbox', apiBase: bench.sandbox.url });
    await bench.gateway({ processor });
    const payer = await bench.payer();
    for (let count = 0; count < 2; count += 1) await bench.reaches(await bench.charge(payer), 'succeeded');
    const [broken, whole] = await bench.intents(payer);
    processor.broken = String(broken?.id);
    await bench.stripe.post(`/v1/refunds?payment_intent=${whole?.id}&amount=100`);
    const { run, findings } = await bench.reconcile();
    expect(run).toMatchObject({ state: 'done', drift: '2' });
    expect(about(findings).map(({ finding, aspect, processor_id: id }) => [finding, aspect, id])).toEqual([
      ['unreadable', 'more_permissions_required', 'list'],
      ['unreadable', 'TypeError', broken?.id],
      ['missing_here', 'succeeded', expect.stringMatching(/^re_/)],
    ]);
  });

  it('goes on when the processor answers again', async () => {
    await bench.gateway();
    const payer = await bench.payer();
    await bench.reaches(await bench.charge(payer), 'succeeded');
    await bench.stripe.arm({ path: '/v1/refunds', method: 'GET', fault: 'server_error', times: 2 });
    const runId = await bench.askForReconciliation();
    await until(async () => (await bench.reconciliation(runId)).run.last_error !== null);
    const { run } = await until(async () => {
      bench.clock.advance(1_000);
      const reconciled = await bench.reconciliation(runId);
      return reconciled.run.state === 'done' && reconciled;
    }, 20_000);
    expect(run).toMatchObject({ drift: '0', last_error: null });
    expect(run.takes).toBeGreaterThan(1);
  });
});
