import { AmountInvalid } from '../money/index.js';
import * as words from '../testing/payments.js';
import {
  aCharge,
  anAuthorization,
  ask,
  captured,
  created,
  disputeClosed,
  disputeOpened,
  given,
  refundPending,
  refundRequested,
  refundSucceeded,
  requested,
} from '../testing/payments.js';
import {
  OperationInProgress,
  PaymentNotRefundable,
  RefundExceedsCaptured,
  foldPayment,
  refundable,
  refunded,
  refundsPending,
  statusOf,
  type RecordRefundOutcome,
} from './index.js';

const outcome = (outcome: 'pending' | 'succeeded', amount: number, refundId = 'r1') =>
  ask('RecordRefundOutcome', { outcome, refundId, processorRefundId: `re_${refundId}`, amount });
const failure = (amount: number): RecordRefundOutcome => ({
  type: 'RecordRefundOutcome',
  outcome: 'failed',
  refundId: 'r1',
  processorRefundId: 're_r1',
  code: 'lost_or_stolen_card',
  amount,
  at: words.at,
});
const refundFailed = (amount: number, reverses: 'nothing' | 'pending' | 'succeeded') =>
  words.event('RefundFailed', {
    refundId: 'r1',
    processorRefundId: 're_r1',
    code: 'lost_or_stolen_card',
    amount,
    currency: 'usd',
    reverses,
  });

describe('refunding', () => {
  it('returns all that is refundable, unless an amount is named', () => {
    given(aCharge())
      .when(ask('RefundPayment', { refundId: 'r1' }))
      .then([refundRequested(5_000)]);
    given(aCharge())
      .when(ask('RefundPayment', { refundId: 'r1', amount: 2_000, reason: 'duplicate' }))
      .then([{ ...refundRequested(2_000), reason: 'duplicate' }]);
    given([...aCharge(), refundRequested(2_000), refundSucceeded(2_000)])
      .when(ask('RefundPayment', { refundId: 'r2' }))
      .then([refundRequested(3_000, 'r2')]);
  });
  it('repeats to nothing, whatever became of it (blnk #152, medusa #16681)', () => {
    const again = ask('RefundPayment', { refundId: 'r1', amount: 5_000 });
    for (const then of [[], [refundPending(5_000)], [refundSucceeded(5_000)], [refundFailed(5_000, 'pending')]]) {
      given([...aCharge(), refundRequested(5_000), ...then])
        .when(again)
        .thenNothing();
    }
  });
  it.each([
    ['a refund without an outcome', [refundRequested(3_000)]],
    ['a pending refund', [refundRequested(3_000), refundPending(3_000)]],
    ['a refund that succeeded', [refundRequested(3_000), refundSucceeded(3_000)]],
    ['an open dispute', [disputeOpened(3_000)]],
    ['a lost dispute', [disputeOpened(3_000), disputeClosed('lost', 3_000)]],
  ])('never exceeds what was captured less %s', (_, events) => {
    const refusal = given([...aCharge(), ...events])
      .when(ask('RefundPayment', { refundId: 'r2', amount: 2_500 }))
      .thenRefuses(RefundExceedsCaptured);
    expect(refusal).toMatchObject({
      code: 'refund_exceeds_captured',
      kind: 'unprocessable',
      field: 'amount',
      details: { paymentId: 'p1', refundable: 2_000 },
    });
  });
  it('may use again what a failed refund or a won dispute gave back', () => {
    for (const events of [
      [refundRequested(3_000), refundFailed(3_000, 'pending')],
      [disputeOpened(3_000), disputeClosed('won', 3_000)],
    ]) {
      given([...aCharge(), ...events])
        .when(ask('RefundPayment', { refundId: 'r2' }))
        .then([refundRequested(5_000, 'r2')]);
    }
  });
  it('waits while another operation is unknown, not while a refund is pending at the processor', () => {
    given([...aCharge(), refundRequested(1_000)])
      .when(ask('RefundPayment', { refundId: 'r2', amount: 1_000 }))
      .thenRefuses(OperationInProgress);
    given([...aCharge(), refundRequested(1_000), refundPending(1_000)])
      .when(ask('RefundPayment', { refundId: 'r2', amount: 1_000 }))
      .then([refundRequested(1_000, 'r2')]);
    given([created(), requested()])
      .when(ask('RefundPayment', { refundId: 'r1' }))
      .thenRefuses(OperationInProgress);
  });
  it('is refused when nothing was captured, when nothing is left, and for an amount that is none', () => {
    const refusal = given(anAuthorization())
      .when(ask('RefundPayment', { refundId: 'r1' }))
      .thenRefuses(PaymentNotRefundable);
    expect(refusal).toMatchObject({ code: 'payment_not_refundable', kind: 'conflict' });
    given([...aCharge(), refundRequested(5_000), refundSucceeded(5_000)])
      .when(ask('RefundPayment', { refundId: 'r2' }))
      .thenRefuses(RefundExceedsCaptured);
    given(aCharge())
      .when(ask('RefundPayment', { refundId: 'r1', amount: -1 }))
      .thenRefuses(AmountInvalid);
  });
  it('of a payment charged twice returns one charge at a time, and the whole of each', () => {
    const twice = [...aCharge(), requested(2, 'automatic'), captured(5_000, { attempt: 2, captureId: 'k2' })];
    const second = { ...refundRequested(5_000), processorPaymentId: 'pi_2' };
    given(twice)
      .when(ask('RefundPayment', { refundId: 'r1' }))
      .then([second]);
    given(twice)
      .when(ask('RefundPayment', { refundId: 'r1', amount: 5_001 }))
      .thenRefuses(RefundExceedsCaptured);
    given([...twice, second, refundSucceeded(5_000)])
      .when(ask('RefundPayment', { refundId: 'r2' }))
      .then([refundRequested(5_000, 'r2')]);
  });
});

describe('a refund that the processor reports', () => {
  const asked = [...aCharge(), refundRequested(2_000)];

  it('is recorded once at each step', () => {
    given(asked)
      .when(outcome('pending', 2_000))
      .then([refundPending(2_000)]);
    given([...asked, refundPending(2_000)])
      .when(outcome('pending', 2_000))
      .thenNothing();
    given([...asked, refundPending(2_000)])
      .when(outcome('succeeded', 2_000))
      .then([refundSucceeded(2_000)]);
    given([...asked, refundSucceeded(2_000)])
      .when(outcome('succeeded', 2_000))
      .thenNothing();
    given([...asked, refundSucceeded(2_000)])
      .when(outcome('pending', 2_000))
      .thenNothing();
  });
  it('can fail after it succeeded, and says what that takes back', () => {
    given([...asked, refundSucceeded(2_000)])
      .when(failure(2_000))
      .then([refundFailed(2_000, 'succeeded')]);
    given(asked)
      .when(failure(2_000))
      .then([refundFailed(2_000, 'pending')]);
    const payment = foldPayment([...asked, refundSucceeded(2_000), refundFailed(2_000, 'succeeded')]);
    expect([statusOf(payment), refunded(payment), refundable(payment)]).toEqual(['succeeded', 0, 5_000]);
  });
  it('failed stays failed, when its success is reported late', () => {
    given([...asked, refundFailed(2_000, 'pending')])
      .when(outcome('succeeded', 2_000))
      .thenNothing();
  });
  it('failed is not booked again when a late report tells which charge it was of', () => {
    const failed = { ...refundFailed(2_000, 'nothing'), processorRefundId: undefined };
    given([...aCharge(), failed])
      .when({ ...outcome('pending', 2_000), processorPaymentId: 'pi_1' })
      .then([{ ...failed, processorPaymentId: 'pi_1' }]);
  });
  it('that nobody asked for is recorded and flagged', () => {
    given(aCharge())
      .when(outcome('succeeded', 2_000))
      .then([
        { ...refundSucceeded(2_000), booked: 'nothing' },
        words.drift('RefundSucceeded', 'refund_not_requested', { refundId: 'r1', amount: 2_000 }),
      ]);
  });
  it('with another amount is flagged, and the one that the ledger holds stands', () => {
    given(asked)
      .when(outcome('succeeded', 1_500))
      .then([
        refundSucceeded(2_000),
        words.drift('RefundSucceeded', 'amount_differs', { id: 'r1', recorded: 2_000, reported: 1_500 }),
      ]);
  });
  it('shows in the status once it succeeded', () => {
    expect(statusOf(foldPayment([...asked, refundPending(2_000)]))).toBe('succeeded');
    expect(refundsPending(foldPayment([...asked, refundPending(2_000)]))).toBe(2_000);
    expect(statusOf(foldPayment([...asked, refundSucceeded(2_000)]))).toBe('partially_refunded');
    expect(statusOf(foldPayment([...aCharge(), refundRequested(5_000), refundSucceeded(5_000)]))).toBe('refunded');
  });
});

describe('a settlement', () => {
  const terms = { settlementId: 'txn_1', source: 'capture', sourceId: 'k1', currency: 'usd' } as const;
  const settled = { ...terms, gross: 5_000, fee: 175, net: 4_825, availableOn: '2026-11-03T00:00:00Z' };

  it('is recorded once', () => {
    const recorded = words.event('SettlementRecorded', settled);
    given(aCharge()).when(ask('RecordSettlement', settled)).then([recorded]);
    given([...aCharge(), recorded])
      .when(ask('RecordSettlement', settled))
      .thenNothing();
  });
  it('whose figures do not add up is recorded and flagged', () => {
    const odd = { ...settled, net: 4_800 };
    given(aCharge())
      .when(ask('RecordSettlement', odd))
      .then([
        words.event('SettlementRecorded', odd),
        words.drift('SettlementRecorded', 'settlement_unbalanced', {
          settlementId: 'txn_1',
          gross: 5_000,
          fee: 175,
          net: 4_800,
        }),
      ]);
  });
});
