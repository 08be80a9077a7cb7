import { randomUUID } from 'node:crypto';

import { evidencePlaceOf } from '#command-handling';
import { FactRecorder, disputeIdOf, factsOfDispute, payments } from '#command-handling/facts';
import { streamIdOf } from '#contracts';
import type { Evidence } from '#domain/payment';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import { createLogger } from '#platform/logging';
import type { SubmitEvidence } from '#processor';
import { OutcomeUnknown } from '#processor';
import { StripeProcessor } from '#processor/stripe';

import type { Step } from './operations/perform.js';
import { until } from './testing/clock.js';
import { Workbench } from './testing/workbench.js';

interface WireDispute {
  id: string;
  status: string;
  evidence: Record<string, string | null>;
  evidence_details: { submission_count: number };
}

let bench: Workbench;
let processor: StripeProcessor;
let recorder: FactRecorder;
const lines: string[] = [];
beforeAll(async () => {
  bench = await Workbench.open();
  processor = new StripeProcessor({ apiKey: 'sk_test_sandbox', apiBase: bench.sandbox.url, timeoutMs: 2_000 });
  const pool = bench.database.pool('billing_gateway', { max: 2 });
  const reader = new StreamReader(pool, { acrossTenants: true });
  recorder = new FactRecorder(reader, new Batcher(appendOver(pool)), 'gateway');
  const logger = createLogger({ app: 'gateway', level: 'trace', write: (line) => lines.push(line) });
  await bench.gateway({ logger });
});
afterEach(() => bench.stripe.calm());
afterAll(() => bench.close());

/** Answers the first key it sees with a stored 500, always, as Stripe does with a request that failed in the middle. */
class PoisonedKey extends StripeProcessor {
  readonly keys: string[] = [];

  override submitEvidence(request: SubmitEvidence, key: string) {
    this.keys.push(key);
    if (key === this.keys[0]) return Promise.reject(new OutcomeUnknown('server_error', { stored: true }));
    return super.submitEvidence(request, key);
  }
}

const statement = 'Ada Lovelace signed for it.\nAt 1 Analytical Row.';
const path = '/v1/disputes';
/** Lets what was put back be due now. */
const soon = () => {
  bench.clock.advance(15 * 60_000);
};
/** Lets the processor forget every key that was used up to now. */
const tomorrow = () => {
  bench.clock.advance(25 * 3_600_000);
};

interface OpenDispute {
  customerId: string;
  paymentId: string;
  disputeId: string;
  wire: WireDispute;
}

/** A charge that the payer's bank disputes, known here as webhooks make it known. */
const openDispute = async (): Promise<OpenDispute> => {
  const payer = await bench.payer();
  const paymentId = await bench.charge(payer);
  await bench.reaches(paymentId, 'succeeded');
  const [intent] = await bench.intents(payer);
  const [charge] = await bench.stripe.list<{ id: string }>(`/v1/charges?payment_intent=${intent?.id}`);
  const wire = (await bench.stripe.post(`/sandbox/charges/${charge?.id}/dispute`, {})) as WireDispute;
  const standing = await processor.retrieveStanding(intent?.id ?? '');
  const { tenantId } = bench;
  const shard = await new TenantShards(bench.api.pool).of(tenantId);
  const place = { tenantId, shard, streamId: streamIdOf('payment', paymentId) };
  const [dispute] = standing?.disputes ?? [];
  if (!dispute) throw new Error('the processor shows no dispute');
  const context = { ...place, commandId: randomUUID(), correlationId: randomUUID() };
  const facts = factsOfDispute(paymentId, dispute, bench.clock.now().toISOString());
  await recorder.record(payments, context, facts, await recorder.load(payments, place));
  return {
    customerId: payer.customerId,
    paymentId,
    disputeId: disputeIdOf(paymentId, dispute.processorDisputeId),
    wire,
  };
};

/** Asks for evidence to be sent, as the api does. */
const ask = async (
  { customerId, paymentId, disputeId }: OpenDispute,
  submit = true,
  evidence: Record<string, string> = { customerName: 'Ada Lovelace', uncategorizedText: statement },
): Promise<string> => {
  const evidenceId = randomUUID();
  const place = evidencePlaceOf(bench.tenantId, customerId, evidenceId);
  const sealed = await bench.api.keys.sealPersonal(place, JSON.stringify(evidence));
  await bench.command(paymentId, { type: 'SubmitDisputeEvidence', disputeId, evidenceId, evidence: sealed, submit });
  return evidenceId;
};
const disputeOf = async ({ paymentId, disputeId }: OpenDispute) =>
  (await bench.api.payment(bench.tenantId, paymentId)).disputes[disputeId];
const ended = (dispute: OpenDispute, evidenceId: string): Promise<Evidence['stage']> =>
  until(async () => {
    const stage = (await disputeOf(dispute))?.evidence?.[evidenceId]?.stage;
    return stage && stage.phase !== 'requested' && stage;
  });
const atProcessor = async ({ wire }: OpenDispute): Promise<WireDispute> =>
  (await bench.stripe.list<WireDispute>(`${path}?limit=100`)).find(({ id }) => id === wire.id) as WireDispute;
const unknown = () => until(async () => (await bench.calls())[0]?.state === 'unknown');
const newest = async ({ paymentId }: OpenDispute, count: number) =>
  (await bench.api.history(bench.tenantId, paymentId)).slice(-count);

describe('evidence', () => {
  it('goes to the bank, and what the dispute becomes is recorded before the outcome', async () => {
    const dispute = await openDispute();
    expect(await ended(dispute, await ask(dispute))).toEqual({ phase: 'sent' });
    const wire = await atProcessor(dispute);
    expect([wire.status, wire.evidence_details.submission_count]).toEqual(['under_review', 1]);
    expect(wire.evidence).toMatchObject({ customer_name: 'Ada Lovelace', uncategorized_text: statement });
    expect(await disputeOf(dispute)).toMatchObject({ report: { stage: { phase: 'under_review' }, submissions: 1 } });
    expect(await newest(dispute, 3)).toEqual([
      'DisputeEvidenceRequested',
      'DisputeReported',
      'DisputeEvidenceSubmitted',
    ]);
  });

  it('is staged, added to, and submitted without another word', async () => {
    const dispute = await openDispute();
    await ended(dispute, await ask(dispute, false));
    await ended(dispute, await ask(dispute, false, { productDescription: 'A difference engine' }));
    expect(await atProcessor(dispute)).toMatchObject({ status: 'needs_response' });
    await ended(dispute, await ask(dispute, true, {}));
    const { status, evidence } = await atProcessor(dispute);
    expect(status).toBe('under_review');
    expect(evidence).toMatchObject({ customer_name: 'Ada Lovelace', product_description: 'A difference engine' });
  });

  it('has each field under the name that the processor gives it', async () => {
    const dispute = await openDispute();
    const fields = Object.keys((await atProcessor(dispute)).evidence).filter((name) => name !== 'enhanced_evidence');
    expect(fields).toHaveLength(27);
    const ours = fields.map((name) => [
      name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      `of ${name}`,
    ]);
    await ended(dispute, await ask(dispute, true, Object.fromEntries(ours) as Record<string, string>));
    expect((await atProcessor(dispute)).evidence).toMatchObject(
      Object.fromEntries(fields.map((name) => [name, `of ${name}`])),
    );
  });

  it('may be as long as a request can be', async () => {
    const dispute = await openDispute();
    const [umlauts, letters] = ['ü'.repeat(20_000), 'x'.repeat(20_000)];
    const evidence = { uncategorizedText: umlauts, productDescription: letters };
    expect(await ended(dispute, await ask(dispute, true, evidence))).toEqual({ phase: 'sent' });
    const sent = (await atProcessor(dispute)).evidence;
    expect([sent.uncategorized_text, sent.product_description]).toEqual([umlauts, letters]);
  });

  it('that the processor refuses has failed with its code', async () => {
    const dispute = await openDispute();
    await bench.stripe.post(`${path}/${dispute.wire.id}/close`);
    expect(await ended(dispute, await ask(dispute))).toEqual({ phase: 'failed', code: 'dispute_already_closed' });
  });

  it('of somebody who was erased is not sent', async () => {
    const dispute = await openDispute();
    await bench.stop();
    const evidenceId = await ask(dispute);
    await bench.database.admin.query(`delete from billing.subject_key where subject_id = $1 and purpose = 'dispute'`, [
      dispute.customerId,
    ]);
    await bench.gateway();
    expect(await ended(dispute, evidenceId)).toEqual({ phase: 'failed', code: 'customer_erased' });
    expect((await atProcessor(dispute)).evidence.uncategorized_text).toBeNull();
  });

  it('is in no log line and in no row, and the call is gone when it has ended', async () => {
    const dispute = await openDispute();
    await bench.stripe.arm({ path, fault: 'reset', times: 2 });
    const evidenceId = await ask(dispute);
    const { rows } = await until(async () => {
      const found = await bench.database.admin.query<{ row: string }>(
        `select c::text as row from billing.processor_call c where operation = 'evidence'`,
      );
      return found.rows.length > 0 && found;
    });
    expect(rows[0]?.row).not.toMatch(/Analytical|Lovelace/);
    soon();
    await ended(dispute, evidenceId);
    await bench.idle();
    expect(lines.join('')).not.toMatch(/Analytical|Lovelace/);
  });
});

describe('evidence whose answer is lost', () => {
  it.each<[string, Parameters<Workbench['stripe']['arm']>[0]]>([
    ['times out after it took effect', { path, fault: 'timeout_after_effect', delayMs: 5_000 }],
    ['loses its connection after it took effect', { path, fault: 'reset', afterEffect: true }],
    ['loses its connection before it took effect', { path, fault: 'reset' }],
    ['is answered by a 500 after it took effect', { path, fault: 'server_error', afterEffect: true }],
    ['is answered by a 500 before it took effect', { path, fault: 'server_error' }],
    ['is sent too fast', { path, fault: 'rate_limited', times: 3 }],
  ])('and that %s goes to the bank once', async (_, fault) => {
    const dispute = await openDispute();
    await bench.stripe.arm(fault);
    expect(await ended(dispute, await ask(dispute))).toEqual({ phase: 'sent' });
    const wire = await atProcessor(dispute);
    expect([wire.status, wire.evidence_details.submission_count]).toEqual(['under_review', 1]);
    await bench.idle();
  });

  it.each([
    ['submitted', true],
    ['staged', false],
  ])('and whose key the processor answers with a failure for good is %s under another one', async (_, submit) => {
    const dispute = await openDispute();
    await bench.stop();
    const poisoned = new PoisonedKey({ apiKey: 'sk_test_sandbox', apiBase: bench.sandbox.url, timeoutMs: 2_000 });
    await bench.gateway({ processor: poisoned });
    expect(await ended(dispute, await ask(dispute, submit))).toEqual({ phase: 'sent' });
    const { status, evidence } = await atProcessor(dispute);
    expect([status, evidence.uncategorized_text]).toEqual([submit ? 'under_review' : 'needs_response', statement]);
    expect(new Set(poisoned.keys).size).toBe(2);
  });

  it('stays in flight while it is unknown: no other can be asked for', async () => {
    const dispute = await openDispute();
    await bench.stripe.arm({ path, fault: 'reset', afterEffect: true, times: 1_000 });
    const evidenceId = await ask(dispute);
    await unknown();
    await expect(ask(dispute)).rejects.toThrow('has no outcome yet');
    await bench.stripe.calm();
    soon();
    expect(await ended(dispute, evidenceId)).toEqual({ phase: 'sent' });
  });

  it('is found a day later, at the bank', async () => {
    const dispute = await openDispute();
    await bench.stripe.arm({ path, fault: 'reset', afterEffect: true, times: 1_000 });
    const evidenceId = await ask(dispute);
    await unknown();
    tomorrow();
    await bench.stripe.calm();
    soon();
    expect(await ended(dispute, evidenceId)).toEqual({ phase: 'sent' });
    expect((await atProcessor(dispute)).evidence_details.submission_count).toBe(1);
  });

  it.each([
    ['submitted', true, 'processor_unreachable'],
    ['staged', false, 'evidence_unconfirmed'],
  ])(
    'has failed a day later where it was to be %s and cannot be found, and may be sent anew',
    async (_, submit, code) => {
      const dispute = await openDispute();
      await bench.stripe.arm({ path, fault: 'reset', times: 1_000 });
      const evidenceId = await ask(dispute, submit);
      await unknown();
      tomorrow();
      expect(await ended(dispute, evidenceId)).toEqual({ phase: 'failed', code });
      await bench.stripe.calm();
      expect(await ended(dispute, await ask(dispute))).toEqual({ phase: 'sent' });
    },
  );
});

const steps: Step[] = ['taken', 'answered', 'recorded'];

describe.each(steps)('a process that dies when evidence is %s', (step) => {
  it('has brought it to the bank once, and what it left is finished by the next', async () => {
    const dispute = await openDispute();
    await bench.stop();
    let died = (): void => undefined;
    const death = new Promise<void>((resolve) => (died = resolve));
    await bench.gateway({
      onStep: (reached) => {
        if (reached !== step) return undefined;
        died();
        return new Promise<void>(() => undefined);
      },
    });
    const evidenceId = await ask(dispute);
    await death;
    await bench.stop(0);
    bench.clock.advance(61_000);
    await bench.gateway();
    expect(await ended(dispute, evidenceId)).toEqual({ phase: 'sent' });
    await bench.idle();
    expect((await atProcessor(dispute)).evidence_details.submission_count).toBe(1);
    const history = await bench.api.history(bench.tenantId, dispute.paymentId);
    expect(history.filter((type) => type === 'DisputeEvidenceSubmitted')).toHaveLength(1);
  });
});
