import { disputeIdOf, foreignRefundId } from '#command-handling/facts';
import type { Payment, PaymentEvent } from '#domain/payment';
import { foldPayment } from '#domain/payment';
import type { PaymentStanding, ProcessorPayment } from '#processor';

import { balanceDifferences } from './balances.js';
import { differencesOf, goneFrom } from './differences.js';
import { payoutDifferences } from './payouts.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const paymentId = '22222222-2222-4222-8222-222222222222';
const at = '2026-11-01T10:00:00Z';
const terms = { customerId: 'c1', amount: 5_000, currency: 'usd', captureMethod: 'automatic' as const, at };

const paymentOf = (...events: PaymentEvent[]): Payment =>
  foldPayment([
    { type: 'PaymentCreated', paymentId, ...terms },
    { type: 'PaymentRequested', attempt: 1, paymentMethodId: 'm1', ...terms },
    ...events,
  ]);

const captured = (amount = 5_000): PaymentEvent => ({
  type: 'PaymentCaptured',
  ...{ attempt: 1, captureId: 'k1', processorPaymentId: 'pi_1', amount, currency: 'usd', final: true, at },
});

const settlement = { settlementId: 'txn_1', gross: 5_000, fee: 175, net: 4_825, currency: 'usd', availableOn: at };
const settled = (over: object = {}): PaymentEvent => ({
  type: 'SettlementRecorded',
  source: 'capture',
  sourceId: 'k1',
  ...settlement,
  at,
  ...over,
});

const standing = (payment: Partial<ProcessorPayment> = {}, over: Partial<PaymentStanding> = {}): PaymentStanding => ({
  payment: { status: 'captured', processorPaymentId: 'pi_1', currency: 'usd', captured: 5_000, ...payment } as never,
  claim: { tenantId, paymentId, attempt: 1 },
  refunds: [],
  disputes: [],
  ...over,
});

const between = (payment: Payment, there: PaymentStanding) =>
  differencesOf(tenantId, payment, 1, there).map(({ finding, object, aspect, ours, theirs }) => [
    finding,
    object,
    aspect,
    ours,
    theirs,
  ]);

describe('a payment and its counterpart at the processor', () => {
  it('agree when both say the same', () => {
    expect(between(paymentOf(captured(), settled()), standing({ settlement }))).toEqual([]);
  });

  it.each<[string, Payment, PaymentStanding, unknown[][]]>([
    [
      'money that was taken and is not here',
      paymentOf(),
      standing(),
      [
        ['missing_here', 'payment', 'captured', 0, 5_000],
        ['differs', 'payment', 'status', 'requested', 'captured'],
      ],
    ],
    [
      'money that is here and was never taken',
      paymentOf(captured()),
      standing({ status: 'canceled', captured: 0 }),
      [['missing_there', 'payment', 'captured', 5_000, 0]],
    ],
    ['another amount', paymentOf(captured(4_000)), standing(), [['differs', 'payment', 'captured', 4_000, 5_000]]],
    [
      'a settlement that is not here',
      paymentOf(captured()),
      standing({ settlement }),
      [['missing_here', 'settlement', 'net', undefined, 4_825]],
    ],
    [
      'another fee',
      paymentOf(captured(), settled({ fee: 100 })),
      standing({ settlement }),
      [['differs', 'settlement', 'fee', 100, 175]],
    ],
  ])('differ in %s', (_, payment, there, expected) => {
    expect(between(payment, there)).toEqual(expected);
  });

  it('agree about a hold that was captured in part, or given up by us and canceled there', () => {
    const failed: PaymentEvent = { type: 'PaymentFailed', attempt: 1, code: 'processor_unreachable', at };
    expect(between(paymentOf(failed), standing({ status: 'canceled', captured: 0 }))).toEqual([]);
    const held: PaymentEvent = { type: 'PaymentAuthorized', attempt: 1, processorPaymentId: 'pi_1', amount: 5_000, at };
    expect(between(paymentOf(held), standing({ status: 'authorized', captured: 0 }))).toEqual([]);
  });
});

describe('refunds', () => {
  const refund = { processorRefundId: 're_1', status: 'succeeded' as const, amount: 300 };
  const ours = (refundId: string, amount = 300): PaymentEvent => ({
    type: 'RefundSucceeded',
    ...{
      refundId,
      processorRefundId: 're_1',
      processorPaymentId: 'pi_1',
      amount,
      currency: 'usd',
      booked: 'nothing',
      at,
    },
  });

  it('are missing here, missing there, or differ', () => {
    const there = standing({}, { refunds: [{ refund, claim: {} }] });
    expect(between(paymentOf(captured()), there)).toEqual([['missing_here', 'refund', 'succeeded', undefined, 300]]);
    expect(between(paymentOf(captured(), ours('r1')), standing())).toEqual([
      ['missing_there', 'refund', 'succeeded', 300, undefined],
    ]);
    expect(between(paymentOf(captured(), ours('r1', 250)), there)).toEqual([['differs', 'refund', 'amount', 250, 300]]);
    expect(between(paymentOf(captured(), ours('r1')), there)).toEqual([]);
  });

  it('are ours by their claim only where it names this tenant and payment', () => {
    const requested: PaymentEvent = {
      type: 'RefundRequested',
      ...{ refundId: 'r1', processorPaymentId: 'pi_1', amount: 300, currency: 'usd', at },
    };
    const idFor = (claim: object) =>
      differencesOf(tenantId, paymentOf(captured(), requested), 1, standing({}, { refunds: [{ refund, claim }] }))[0]
        ?.objectId;
    expect(idFor({ tenantId, paymentId, refundId: 'r1' })).toBe('r1');
    expect(idFor({ tenantId, paymentId: 'another', refundId: 'r1' })).toBe(foreignRefundId(paymentId, 're_1'));
  });
});

describe('disputes', () => {
  const dispute = {
    ...{ processorDisputeId: 'du_1', processorPaymentId: 'pi_1', amount: 1_000, currency: 'usd', reason: 'fraudulent' },
    ...{ status: 'needs_response' as const, submissions: 0, movements: [] },
  };
  const reported = (status: 'needs_response' | 'lost', disputeId = disputeIdOf(paymentId, 'du_1')): PaymentEvent => ({
    type: 'DisputeReported',
    ...{ disputeId, processorDisputeId: 'du_1', processorPaymentId: 'pi_1', amount: 1_000, currency: 'usd' },
    ...{ status, reason: 'fraudulent', submissions: 0, at },
  });

  it('are missing here, missing there, or differ', () => {
    const there = standing({}, { disputes: [dispute] });
    expect(between(paymentOf(captured()), there)).toEqual([
      ['missing_here', 'dispute', 'needs_response', undefined, 1_000],
    ]);
    expect(between(paymentOf(captured(), reported('lost')), there)).toEqual([
      ['differs', 'dispute', 'status', 'lost', 'needs_response'],
    ]);
    expect(between(paymentOf(captured(), reported('needs_response')), standing())).toEqual([
      ['missing_there', 'dispute', 'needs_response', 1_000, undefined],
    ]);
    expect(between(paymentOf(captured(), reported('needs_response')), there)).toEqual([]);
  });
});

it('what was put right is what is not there any more, whatever is left of it', () => {
  const difference = { object: 'payment', aspect: 'captured', processorId: 'pi_1' } as const;
  const [missing, differs] = [
    { ...difference, finding: 'missing_here' as const },
    { ...difference, finding: 'differs' as const },
  ];
  expect(goneFrom([missing], [])).toEqual([missing]);
  expect(goneFrom([missing], [differs])).toEqual([]);
});

it('balances differ by currency', () => {
  const ours = new Map([
    ['usd', 100],
    ['eur', 5],
  ]);
  const theirs = new Map([
    ['usd', 90],
    ['eur', 5],
    ['jpy', 7],
  ]);
  expect(balanceDifferences(ours, theirs)).toMatchObject([
    { processorId: 'jpy', ours: 0, theirs: 7 },
    { processorId: 'usd', ours: 100, theirs: 90 },
  ]);
});

it('a payout of another payout’s id differs, however like it is', () => {
  const payout = { processorPayoutId: 'po_2', amount: 100, currency: 'usd', status: 'paid', arrivesOn: at } as const;
  const ours = {
    ...{ payoutId: 'p1', processorPayoutId: 'po_1', processorAccountId: 'acct_1', amount: 100, currency: 'usd' },
    ...{ arrivesOn: at, stage: { phase: 'paid' as const }, contradictions: {} },
  };
  expect(payoutDifferences('p1', ours, payout)).toMatchObject([{ finding: 'differs', aspect: 'payout', ours: 'po_1' }]);
});
