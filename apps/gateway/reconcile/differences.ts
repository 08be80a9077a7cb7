import { disputeIdOf, isSettled, settlementMissing, takenBy } from '#command-handling/facts';
import type { Attempt, Dispute, Payment, Refund, Settlement } from '#domain/payment';
import { disputeAmountOf, disputeStatusOf } from '#domain/payment';
import type { PaymentStanding, ProcessorDispute, ProcessorPayment, ProcessorSettlement } from '#processor';

import { refundIdFor } from '../operations/look.js';
import type { Difference } from './run.js';

/** One of our attempts, and the payment it is of. */
interface Ours {
  tenantId: string;
  state: Payment;
  attempt: Attempt;
}

type Phase = Attempt['stage']['phase'];

/** In which of our phases an attempt may be while the processor's payment has a status. */
const phasesOf: Readonly<Record<ProcessorPayment['status'], readonly Phase[]>> = {
  captured: ['captured'],
  authorized: ['authorized', 'captured'],
  action_required: ['action_required'],
  processing: ['processing'],
  failed: ['failed'],
  // One that we gave up on is canceled there so that nobody can confirm it any more: here it has failed.
  canceled: ['canceled', 'captured', 'failed'],
  // Nobody has confirmed it, so no money can move, whatever we call that.
  unconfirmed: ['requested', 'action_required', 'failed', 'canceled'],
};

const amounts = (ours: number, theirs: number): Pick<Difference, 'finding' | 'ours' | 'theirs'> => {
  const finding = ours === 0 ? 'missing_here' : theirs === 0 ? 'missing_there' : 'differs';
  return { finding, ours, theirs };
};

const ofPayment = ({ state, attempt }: Ours, payment: ProcessorPayment): Difference[] => {
  const { processorPaymentId: processorId, currency } = payment;
  const about = { object: 'payment' as const, objectId: state.paymentId, processorId };
  const found: Difference[] = [];
  const taken = takenBy(state, attempt.attempt);
  if (taken !== payment.captured) {
    found.push({ ...about, ...amounts(taken, payment.captured), aspect: 'captured', currency });
  }
  if (currency !== state.currency) {
    found.push({ ...about, finding: 'differs', aspect: 'currency', ours: state.currency, theirs: currency });
  }
  const { phase } = attempt.stage;
  if (!phasesOf[payment.status].includes(phase)) {
    found.push({ ...about, finding: 'differs', aspect: 'status', ours: phase, theirs: payment.status });
  }
  return [...found, ...ofCaptureSettlement({ state, attempt }, payment)];
};

const ofCaptureSettlement = ({ state, attempt }: Omit<Ours, 'tenantId'>, payment: ProcessorPayment): Difference[] => {
  const { settlement } = payment;
  if (!settlement) return [];
  const known = state.settlements[settlement.settlementId];
  if (known) return ofSettlement(known, settlement);
  const missing = settlementMissing(state, attempt.attempt);
  return missing ? [settlementUnknown(missing.sourceId, settlement)] : [];
};

const settlementUnknown = (objectId: string, { settlementId, net, currency }: ProcessorSettlement): Difference => ({
  finding: 'missing_here',
  object: 'settlement',
  aspect: 'net',
  objectId,
  processorId: settlementId,
  theirs: net,
  currency,
});

const ofSettlement = (ours: Settlement, theirs: ProcessorSettlement): Difference[] =>
  (['gross', 'fee', 'net'] as const)
    .filter((aspect) => ours[aspect] !== theirs[aspect])
    .map((aspect) => ({
      finding: 'differs',
      object: 'settlement',
      aspect,
      objectId: ours.sourceId,
      processorId: theirs.settlementId,
      ours: ours[aspect],
      theirs: theirs[aspect],
      currency: theirs.currency,
    }));

const processorRefundIdOf = ({ stage }: Refund): string | undefined =>
  'processorRefundId' in stage ? stage.processorRefundId : undefined;

const ofRefunds = ({ tenantId, state }: Ours, { payment, refunds }: PaymentStanding): Difference[] => {
  const { currency, processorPaymentId } = payment;
  const theirs = refunds.flatMap(({ refund, claim }): Difference[] => {
    const { processorRefundId, status, amount, settlement } = refund;
    const objectId = refundIdFor(tenantId, state, { processorRefundId, processorPaymentId }, claim);
    const about = { object: 'refund' as const, objectId, processorId: processorRefundId };
    const ours = state.refunds[objectId];
    if (!ours) return [{ ...about, finding: 'missing_here', aspect: status, theirs: amount, currency }];
    const found: Difference[] = [];
    if (ours.amount !== amount) {
      found.push({ ...about, finding: 'differs', aspect: 'amount', ours: ours.amount, theirs: amount, currency });
    }
    if (ours.stage.phase !== status) {
      found.push({ ...about, finding: 'differs', aspect: 'status', ours: ours.stage.phase, theirs: status });
    }
    if (!settlement) return found;
    const known = state.settlements[settlement.settlementId];
    if (known) return [...found, ...ofSettlement(known, settlement)];
    return isSettled(state, objectId) ? found : [...found, settlementUnknown(objectId, settlement)];
  });
  const listed = new Set(refunds.map(({ refund }) => refund.processorRefundId));
  const unknownThere = Object.values(state.refunds).flatMap((refund): Difference[] => {
    const processorId = processorRefundIdOf(refund);
    if (processorId === undefined || listed.has(processorId)) return [];
    if (refund.processorPaymentId !== payment.processorPaymentId) return [];
    const { refundId: objectId, amount } = refund;
    const aspect = refund.stage.phase;
    return [{ finding: 'missing_there', object: 'refund', aspect, objectId, processorId, ours: amount, currency }];
  });
  return [...theirs, ...unknownThere];
};

const ofDispute = ({ state }: Ours, theirs: ProcessorDispute): Difference[] => {
  const { processorDisputeId, amount, currency, status, movements } = theirs;
  const objectId = disputeIdOf(state.paymentId, processorDisputeId);
  const about = { object: 'dispute' as const, objectId, processorId: processorDisputeId };
  const ours = state.disputes[objectId];
  if (!ours) return [{ ...about, finding: 'missing_here', aspect: status, theirs: amount, currency }];
  const found: Difference[] = [];
  const [amountHere, statusHere] = [disputeAmountOf(ours), disputeStatusOf(ours)];
  if (amountHere !== amount) {
    found.push({ ...about, finding: 'differs', aspect: 'amount', ours: amountHere, theirs: amount, currency });
  }
  if (statusHere !== status) {
    found.push({ ...about, finding: 'differs', aspect: 'status', ours: statusHere, theirs: status });
  }
  const settled = movements.flatMap((movement) => {
    const known = state.settlements[movement.settlementId];
    return known ? ofSettlement(known, movement) : [settlementUnknown(objectId, movement)];
  });
  return [...found, ...settled];
};

const ofDisputes = (ours: Ours, { payment, disputes }: PaymentStanding): Difference[] => {
  const { currency, processorPaymentId } = payment;
  const listed = new Set(disputes.map(({ processorDisputeId }) => processorDisputeId));
  const isUnknownThere = (dispute: Dispute): dispute is Dispute & { processorDisputeId: string } =>
    dispute.processorDisputeId !== undefined &&
    dispute.processorPaymentId === processorPaymentId &&
    !listed.has(dispute.processorDisputeId);
  const unknownThere = Object.values(ours.state.disputes)
    .filter(isUnknownThere)
    .map((dispute): Difference => ({
      finding: 'missing_there',
      object: 'dispute',
      aspect: disputeStatusOf(dispute),
      objectId: dispute.disputeId,
      processorId: dispute.processorDisputeId,
      ours: disputeAmountOf(dispute),
      currency,
    }));
  return [...disputes.flatMap((dispute) => ofDispute(ours, dispute)), ...unknownThere];
};

/**
 * In what the processor's payment, with its refunds and disputes, and ours do not say the same: money first. Pure. [] where they
 * agree. An attempt that we do not know is for the caller to judge.
 */
export const differencesOf = (
  tenantId: string,
  state: Payment,
  attempt: number,
  standing: PaymentStanding,
): Difference[] => {
  const known = state.attempts[attempt];
  if (!known) return [];
  const ours = { tenantId, state, attempt: known };
  return [...ofPayment(ours, standing.payment), ...ofRefunds(ours, standing), ...ofDisputes(ours, standing)];
};

/** What a difference is about, however large it is. */
const keyOf = ({ object, processorId, aspect }: Difference): string => [object, processorId, aspect].join(' ');

/** Those of `before` that are not there any more. */
export const goneFrom = (before: readonly Difference[], after: readonly Difference[]): Difference[] => {
  const left = new Set(after.map(keyOf));
  return before.filter((difference) => !left.has(keyOf(difference)));
};
