import Stripe from 'stripe';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

let sandbox: SpecSandbox;
let stripe: Stripe;
beforeAll(async () => {
  sandbox = await startSpecSandbox();
  stripe = new Stripe('sk_test_123', sandbox.client);
});
afterAll(() => sandbox.discard());

const pay = (payment_method: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({ amount: 5_000, currency: 'usd', payment_method, confirm: true, ...more });
const settle = () => sandbox.tell('settle', {});
const refusal = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'done',
    (error: unknown) => error,
  );

/** The dispute of a payment with the card of that name. */
const disputed = async (card = 'pm_card_createDispute'): Promise<Stripe.Dispute> => {
  const intent = await pay(card);
  await settle();
  const { data } = await stripe.disputes.list({ payment_intent: intent.id });
  const [dispute] = data;
  if (!dispute || data.length > 1) throw new Error('not one dispute');
  return dispute;
};

/** What has been told of a dispute, oldest first: type and status. */
const story = async (id: string): Promise<string[]> => {
  const { data } = await stripe.events.list({ type: 'charge.dispute.*', limit: 100 });
  return data
    .filter(({ data: { object } }) => (object as Stripe.Dispute).id === id)
    .map(({ type, data: { object } }) => `${type.replace('charge.dispute.', '')} ${(object as Stripe.Dispute).status}`)
    .reverse();
};
const movements = ({ balance_transactions }: Stripe.Dispute): [number, number, string][] =>
  balance_transactions.map(({ amount, fee, reporting_category }) => [amount, fee, reporting_category]);
const balance = async (): Promise<number> => {
  const { available, pending } = await stripe.balance.retrieve();
  return [...available, ...pending].reduce((sum, { amount }) => sum + amount, 0);
};

describe('a dispute', () => {
  it('takes the money of a charge and a fee, and is there to be seen', async () => {
    const before = await balance();
    const dispute = await disputed();
    expect(dispute).toMatchObject({
      object: 'dispute',
      amount: 5_000,
      currency: 'usd',
      reason: 'fraudulent',
      status: 'needs_response',
      is_charge_refundable: false,
      evidence_details: { has_evidence: false, past_due: false, submission_count: 0 },
    });
    expect(movements(dispute)).toEqual([[-5_000, 1_500, 'dispute']]);
    expect(await balance()).toBe(before + 5_000 - 175 - 5_000 - 1_500);
    expect(await story(dispute.id)).toEqual(['created needs_response', 'funds_withdrawn needs_response']);
    const charge = await stripe.charges.retrieve(dispute.charge as string);
    expect([charge.disputed, charge.refunded]).toEqual([true, false]);
    expect(await stripe.disputes.retrieve(dispute.id, { expand: ['charge'] })).toMatchObject({
      charge: { id: charge.id },
    });
    const { data } = await stripe.balanceTransactions.list({ source: dispute.id });
    expect(data.map(({ id }) => id)).toEqual(dispute.balance_transactions.map(({ id }) => id));
    expect(await refusal(stripe.refunds.create({ charge: charge.id }))).toMatchObject({ code: 'charge_disputed' });
  });

  it('is won with evidence that convinces, and the money comes back without the fee', async () => {
    const { id } = await disputed('pm_card_createDisputeProductNotReceived');
    const submitted = await stripe.disputes.update(id, { evidence: { uncategorized_text: 'winning_evidence' } });
    expect(submitted).toMatchObject({
      status: 'under_review',
      evidence_details: { submission_count: 1, has_evidence: true },
    });
    await settle();
    const won = await stripe.disputes.retrieve(id);
    expect(won).toMatchObject({ status: 'won', reason: 'product_not_received', is_charge_refundable: true });
    expect(movements(won)).toEqual([
      [-5_000, 1_500, 'dispute'],
      [5_000, 0, 'dispute_reversal'],
    ]);
    expect((await story(id)).slice(2)).toEqual(['updated under_review', 'closed won', 'funds_reinstated won']);
    expect(await stripe.refunds.create({ charge: won.charge as string })).toMatchObject({ amount: 5_000 });
  });

  it('is lost with evidence that does not, or when it is accepted', async () => {
    const first = await disputed();
    await stripe.disputes.update(first.id, { evidence: { uncategorized_text: 'losing_evidence' } });
    await settle();
    const second = await disputed();
    await stripe.disputes.close(second.id);
    for (const { id } of [first, second]) {
      expect(await stripe.disputes.retrieve(id)).toMatchObject({
        status: 'lost',
        balance_transactions: [{ amount: -5_000 }],
      });
      expect((await story(id)).at(-1)).toBe('closed lost');
      expect(await refusal(stripe.disputes.close(id))).toMatchObject({ code: 'dispute_already_closed' });
    }
  });

  it('keeps evidence that is not yet submitted, and takes none after it was', async () => {
    const { id } = await disputed();
    await stripe.disputes.update(id, { evidence: { customer_name: 'A', receipt: 'file_1' }, submit: false });
    const staged = await stripe.disputes.update(id, { evidence: { receipt: '' }, submit: false });
    expect(staged).toMatchObject({ status: 'needs_response', evidence: { customer_name: 'A', receipt: null } });
    await settle();
    expect((await stripe.disputes.retrieve(id)).status).toBe('needs_response');
    const submitted = await stripe.disputes.update(id, { submit: true });
    expect(submitted).toMatchObject({ status: 'under_review', evidence: { customer_name: 'A' } });
    const late = await refusal(stripe.disputes.update(id, { evidence: { customer_name: 'B' } }));
    expect(late).toMatchObject({ code: 'dispute_evidence_already_submitted' });
    expect(await stripe.disputes.update(id, { metadata: { ticket: '7' } })).toMatchObject({
      status: 'under_review',
      metadata: { ticket: '7' },
    });
  });

  it('takes evidence of known fields, of bounded length', async () => {
    const { id } = await disputed();
    const update = (evidence: object) => refusal(stripe.disputes.update(id, { evidence, submit: false }));
    expect(await update({ uncategorized_text: 'x'.repeat(20_000) })).toBe('done');
    expect(await update({ uncategorized_text: 'x'.repeat(20_001) })).toMatchObject({
      param: 'evidence[uncategorized_text]',
    });
    expect(await update({ opinion: 'x' })).toMatchObject({ code: 'parameter_unknown' });
    const long = 'x'.repeat(20_000);
    const fields = [
      'refund_policy_disclosure',
      'service_date',
      'shipping_carrier',
      'shipping_date',
      'customer_name',
      'billing_address',
      'product_description',
    ];
    expect(await update(Object.fromEntries(fields.map((field) => [field, long])))).toMatchObject({ param: 'evidence' });
  });

  it('that was won can be lost afterwards, and one that was lost can be won', async () => {
    const { id } = await disputed();
    const decide = (outcome: string) => sandbox.tell(`disputes/${id}/decide`, { outcome });
    await decide('won');
    await decide('lost');
    await decide('lost');
    await decide('won');
    expect(movements(await stripe.disputes.retrieve(id)).map(([amount]) => amount)).toEqual([
      -5_000, 5_000, -5_000, 5_000,
    ]);
    expect((await story(id)).slice(2)).toEqual([
      'closed won',
      'funds_reinstated won',
      'funds_withdrawn lost',
      'closed lost',
      'closed won',
      'funds_reinstated won',
    ]);
  });

  it('can be of a part, and of what another has left', async () => {
    const { latest_charge } = await pay('pm_card_visa');
    await settle();
    const open = (body: object) =>
      sandbox.request('POST', `/sandbox/charges/${latest_charge as string}/dispute`, JSON.stringify(body));
    expect((await open({ amount: 3_000, reason: 'duplicate' })).json).toMatchObject({
      amount: 3_000,
      reason: 'duplicate',
    });
    expect((await open({ amount: 2_001 })).json.error?.code).toBe('charge_not_disputable');
    expect((await open({})).json).toMatchObject({ amount: 2_000 });
    expect((await open({})).status).toBe(400);
    const { data } = await stripe.disputes.list({ charge: latest_charge as string });
    expect(data.map(({ amount }) => amount)).toEqual([2_000, 3_000]);
  });
});

describe('an inquiry', () => {
  it('takes no money, and leaves the charge refundable', async () => {
    const dispute = await disputed('pm_card_createDisputeInquiry');
    expect(dispute).toMatchObject({
      status: 'warning_needs_response',
      is_charge_refundable: true,
      balance_transactions: [],
      payment_method_details: { card: { case_type: 'inquiry' } },
    });
    await stripe.refunds.create({ charge: dispute.charge as string, amount: 1_000 });
    expect((await stripe.disputes.retrieve(dispute.id)).status).toBe('warning_needs_response');
    await stripe.refunds.create({ charge: dispute.charge as string });
    expect((await stripe.disputes.retrieve(dispute.id)).status).toBe('warning_closed');
    expect(await story(dispute.id)).toEqual(['created warning_needs_response', 'closed warning_closed']);
  });

  it('is closed by a good answer', async () => {
    const { id } = await disputed('pm_card_createDisputeInquiry');
    const answered = await stripe.disputes.update(id, { evidence: { uncategorized_text: 'winning_evidence' } });
    expect(answered.status).toBe('warning_under_review');
    await settle();
    expect(await stripe.disputes.retrieve(id)).toMatchObject({ status: 'warning_closed', balance_transactions: [] });
  });

  it('becomes a dispute when the bank is not content', async () => {
    const { id } = await disputed('pm_card_createDisputeInquiry');
    await stripe.disputes.update(id, { evidence: { uncategorized_text: 'escalate_inquiry_evidence' } });
    await settle();
    const escalated = await stripe.disputes.retrieve(id);
    expect(escalated).toMatchObject({ status: 'needs_response', is_charge_refundable: false });
    expect(movements(escalated)).toHaveLength(1);
    expect((await story(id)).slice(1)).toEqual([
      'updated warning_under_review',
      'updated needs_response',
      'funds_withdrawn needs_response',
    ]);
    const { status } = await sandbox.request('POST', `/sandbox/disputes/${id}/decide`, '{"outcome":"warning_closed"}');
    expect(status).toBe(400);
  });
});

describe('a card that is made for it', () => {
  it('is disputed once its charge is captured, and not before', async () => {
    const held = await pay('pm_card_createDispute', { capture_method: 'manual' });
    await settle();
    expect((await stripe.disputes.list({ payment_intent: held.id })).data).toEqual([]);
    await stripe.paymentIntents.capture(held.id, { amount_to_capture: 2_000 });
    await settle();
    await settle();
    const { data } = await stripe.disputes.list({ payment_intent: held.id });
    expect(data.map(({ amount }) => amount)).toEqual([2_000]);
  });

  it('is warned of: the warning can be acted on until the charge is refunded', async () => {
    const { id, latest_charge } = await pay('pm_card_createIssuerFraudRecord', { capture_method: 'automatic' });
    await settle();
    const { data } = await stripe.radar.earlyFraudWarnings.list({ payment_intent: id });
    expect(data).toMatchObject([{ actionable: true, charge: latest_charge, fraud_type: 'unauthorized_use_of_card' }]);
    await stripe.refunds.create({ payment_intent: id, reason: 'fraudulent' });
    expect(await stripe.radar.earlyFraudWarnings.retrieve(data[0]?.id ?? '')).toMatchObject({ actionable: false });
    const told = await stripe.events.list({ type: 'radar.*' });
    expect(told.data.map(({ type }) => type)).toEqual([
      'radar.early_fraud_warning.updated',
      'radar.early_fraud_warning.created',
    ]);
  });
});

describe('a review', () => {
  const types = async () => (await stripe.events.list({ type: 'review.*', limit: 100 })).data;

  it('is opened for a doubtful payment, and closed by approval', async () => {
    const intent = await pay('pm_card_riskLevelElevated');
    const review = await stripe.reviews.retrieve(intent.review as string);
    expect(review).toMatchObject({
      open: true,
      reason: 'rule',
      payment_intent: intent.id,
      charge: intent.latest_charge,
    });
    expect((await stripe.reviews.list()).data.map(({ id }) => id)).toEqual([review.id]);
    expect(await stripe.reviews.approve(review.id)).toMatchObject({
      open: false,
      reason: 'approved',
      closed_reason: 'approved',
    });
    expect(await refusal(stripe.reviews.approve(review.id))).toMatchObject({ statusCode: 400 });
    expect((await types()).map(({ type }) => type)).toEqual(['review.closed', 'review.opened']);
    expect((await stripe.reviews.list()).data).toEqual([]);
  });

  it('is closed by a full refund, by a dispute and by a cancellation', async () => {
    const refunded = await pay('pm_card_riskLevelElevated');
    await stripe.refunds.create({ payment_intent: refunded.id, reason: 'fraudulent' });
    const charged = await pay('pm_card_riskLevelElevated');
    await settle();
    await sandbox.tell(`charges/${charged.latest_charge as string}/dispute`, {});
    const held = await pay('pm_card_riskLevelElevated', { capture_method: 'manual' });
    await stripe.paymentIntents.cancel(held.id);
    const plain = await pay('pm_card_visa');
    const asked = await sandbox.tell(`payment_intents/${plain.id}/review`, {});
    expect(asked).toMatchObject({ open: true, opened_reason: 'manual' });
    const reasons = await Promise.all(
      [refunded, charged, held].map(
        async ({ review }) => (await stripe.reviews.retrieve(review as string)).closed_reason,
      ),
    );
    expect(reasons).toEqual(['refunded_as_fraud', 'disputed', 'canceled']);
  });
});
