import fc, { type Arbitrary } from 'fast-check';
import type { PaymentCommand, PaymentFact } from '../payment/index.js';
import { arbitraryDisputeFact, arbitraryEvidence } from './arbitrary-disputes.spec.js';
import { ask, at } from './payments.js';

/**
 * Random facts and commands about one payment, for property tests. Facts about one id agree about its amount, as those of one
 * processor object do; everything else, order and truth included, is free.
 */

const captures = {
  k1: { attempt: 1, amount: 5_000, final: true },
  k2: { attempt: 2, amount: 3_000, final: true },
  k3: { attempt: 1, amount: 1_000, final: false },
};
const refunds = { r1: 5_000, r2: 1_200, r3: 800 };
const keys = <T extends object>(of: T) => Object.keys(of) as (keyof T & string)[];

export const arbitraryFact = (): Arbitrary<PaymentFact> => {
  const attempt = fc.integer({ min: 1, max: 3 });
  const charge = attempt.map((number) => ({ attempt: number, processorPaymentId: `pi_${number}` }));
  const code = fc.constantFrom('card_declined', 'expired_card');
  const named = fc.option(fc.constant('pi_1'), { nil: undefined });
  const settlementOf = (id: number) => ({
    settlementId: `txn_${id}`,
    source: 'capture' as const,
    sourceId: 'k1',
    gross: id * 1_000,
    fee: id * 30,
    net: id * 970,
    currency: 'usd',
    availableOn: at,
  });
  return fc.oneof(
    fc
      .constantFrom('token1', 'token2')
      .map((confirmationId) =>
        ask('RecordConfirmationRefused', { confirmationId, code: 'confirmation_token_expired' }),
      ),
    charge.map((of) => ask('RecordActionRequired', { ...of, action: 'use_stripe_sdk' })),
    fc
      .tuple(fc.constantFrom('done1', 'done2'), attempt)
      .map(([actionId, number]) => ask('RecordActionStillRequired', { actionId, attempt: number })),
    charge.map((of) => ask('RecordProcessing', of)),
    fc
      .tuple(charge, fc.constantFrom(4_000, 5_000), fc.option(fc.boolean(), { nil: undefined }))
      .map(([of, amount, multicapture]) => ask('RecordAuthorization', { ...of, amount, multicapture })),
    fc.constantFrom(...keys(captures)).map((captureId) => {
      const terms = captures[captureId];
      return ask('RecordCapture', { captureId, ...terms, processorPaymentId: `pi_${terms.attempt}` });
    }),
    fc
      .tuple(charge, code, fc.option(code, { nil: undefined }))
      .map(([of, why, declineCode]) => ask('RecordFailure', { ...of, code: why, declineCode })),
    fc
      .tuple(fc.constantFrom(...keys(captures)), code)
      .map(([captureId, why]) => ask('RecordCaptureFailure', { captureId, code: why })),
    attempt.map((number) => ask('RecordCancellation', { attempt: number })),
    code.map((why) => ask('RecordCancelFailure', { cancelId: 'x1', code: why })),
    fc
      .tuple(fc.constantFrom(...keys(refunds)), named, fc.constantFrom('pending' as const, 'succeeded' as const))
      .map(([refundId, processorPaymentId, reported]): PaymentFact => ({
        ...{ type: 'RecordRefundOutcome', at, refundId, processorPaymentId, amount: refunds[refundId] },
        ...{ outcome: reported, processorRefundId: `re_${refundId}` },
      })),
    fc
      .tuple(fc.constantFrom(...keys(refunds)), named, code)
      .map(([refundId, processorPaymentId, why]): PaymentFact => ({
        ...{ type: 'RecordRefundOutcome', at, refundId, processorPaymentId, amount: refunds[refundId] },
        ...{ outcome: 'failed', code: why },
      })),
    { weight: 5, arbitrary: arbitraryDisputeFact() },
    fc
      .tuple(fc.constantFrom('prv_1', 'prv_2'), fc.boolean(), fc.constantFrom('rule', 'manual'))
      .map(([processorReviewId, open, reason]) =>
        ask('RecordProcessorReview', { processorReviewId, open, reason, closedReason: open ? undefined : 'approved' }),
      ),
    fc
      .tuple(fc.constantFrom('issfr_1', 'issfr_2'), fc.boolean())
      .map(([processorWarningId, actionable]) =>
        ask('RecordFraudWarning', { processorWarningId, fraudType: 'misc', actionable }),
      ),
    fc
      .constantFrom('look1', 'look2')
      .map((lookupId) =>
        ask('RequestPaymentLookup', { lookupId, processorPaymentId: 'pi_1', reason: 'charge_changed' }),
      ),
    fc.integer({ min: 1, max: 3 }).map((id) => ask('RecordSettlement', settlementOf(id))),
  );
};

/** Requests with ids that never meet those of facts asked for by nobody, and with amounts around the limits. */
export const arbitraryRequest = (): Arbitrary<PaymentCommand> => {
  const id = fc.integer({ min: 1, max: 4 });
  const amount = fc.oneof(
    fc.constantFrom(undefined, 0, 1, 3_999, 4_000, 4_001, 4_999, 5_000, 5_001),
    fc.integer({ min: -1, max: 6_000 }),
  );
  return fc.oneof(
    fc.constant(ask('ConfirmPayment', { paymentMethodId: 'm1' })),
    id.map((n) => ask('PresentConfirmation', { confirmationId: `cc${n}` })),
    id.map((n) => ask('FinishPaymentAction', { actionId: `ca${n}` })),
    fc
      .tuple(id, amount, fc.option(fc.boolean(), { nil: undefined }))
      .map(([n, asked, final]) => ask('CapturePayment', { captureId: `ck${n}`, amount: asked, final })),
    id.map((n) => ask('CancelPayment', { cancelId: `cx${n}` })),
    arbitraryEvidence(),
    fc.tuple(id, amount).map(([n, asked]) => ask('RefundPayment', { refundId: `cr${n}`, amount: asked })),
  );
};
