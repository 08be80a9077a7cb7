import type { DriftDetected, DriftRule } from '../drift.js';
import { fundsContradict } from './disputes.js';
import type { PaymentEvent } from './events.js';
import type { Attempt, Payment } from './state.js';
import { attemptsOf, captured, capturedBy, disputed, refunded, refundsPending } from './views.js';

/** How far an invariant is broken: 0 or less is not at all. Drift is a step further from it. */
interface Breach {
  rule: DriftRule;
  excess: number;
  details: Record<string, string | number>;
}

type Invariant = (payment: Payment) => Breach[];

const capturedWithinAuthorized: Invariant = (payment) =>
  attemptsOf(payment).map(({ attempt, authorization, requested }) => {
    const taken = capturedBy(payment, attempt);
    const authorized = authorization?.amount ?? requested?.amount ?? taken;
    const details = { attempt, captured: taken, authorized };
    return { rule: 'captured_exceeds_authorized', excess: taken - authorized, details };
  });

/** The customer paid twice: two attempts took money. */
const capturedOnce: Invariant = (payment) => {
  const taken = attemptsOf(payment).map(({ attempt }) => capturedBy(payment, attempt));
  const total = captured(payment);
  return [{ rule: 'captured_twice', excess: total - Math.max(0, ...taken), details: { captured: total } }];
};

/** Money of the customer is held by an attempt, although another one holds or took it as well. */
const authorizedOnce: Invariant = (payment) => {
  const holds = ({ stage }: Attempt) => stage.phase === 'authorized';
  const took = ({ stage }: Attempt) => stage.phase === 'captured';
  const held = attemptsOf(payment).filter(holds).length;
  const attempts = held + attemptsOf(payment).filter(took).length;
  return [{ rule: 'authorized_twice', excess: attempts > 1 ? held : 0, details: { attempts } }];
};

const nothingCapturedOnceCanceled: Invariant = (payment) =>
  attemptsOf(payment)
    .filter(({ stage }) => stage.phase === 'canceled')
    .map(({ attempt }) => {
      const taken = capturedBy(payment, attempt);
      return { rule: 'captured_and_canceled', excess: taken, details: { attempt, captured: taken } };
    });

const returnedWithinCaptured: Invariant = (payment) => {
  const details = {
    captured: captured(payment),
    refunded: refunded(payment),
    pending: refundsPending(payment),
    disputed: disputed(payment),
  };
  const excess = details.refunded + details.pending + details.disputed - details.captured;
  return [{ rule: 'refunded_exceeds_captured', excess, details }];
};

const oneOutcomeADispute: Invariant = (payment) =>
  Object.values(payment.disputes).map(({ disputeId, won, lost }) => ({
    rule: 'dispute_outcome_contradicted',
    excess: won && lost ? 1 : 0,
    details: { disputeId },
  }));

/** The processor took the money of a dispute that was won, or gave back that of one that was lost. */
const fundsFollowOutcomes: Invariant = (payment) =>
  Object.values(payment.disputes).map((dispute) => ({
    rule: 'dispute_funds_contradict_outcome',
    excess: fundsContradict(dispute) ? 1 : 0,
    details: { disputeId: dispute.disputeId },
  }));

const settlementsBalance: Invariant = (payment) =>
  Object.values(payment.settlements).map(({ settlementId, gross, fee, net }) => ({
    rule: 'settlement_unbalanced',
    excess: Math.abs(gross - fee - net),
    details: { settlementId, gross, fee, net },
  }));

/** What the processor did without being asked by us, for instance from its dashboard. */
const nothingUnasked: Invariant = (payment) => [
  ...attemptsOf(payment)
    .filter(({ attempt, requested }) => attempt > 0 && !requested)
    .map(({ attempt }): Breach => ({ rule: 'attempt_not_requested', excess: 1, details: { attempt } })),
  ...Object.values(payment.captures)
    .filter(({ requested, stage }) => payment.captureMethod === 'manual' && !requested && stage.phase === 'captured')
    .map(({ captureId, amount }): Breach => ({
      rule: 'capture_not_requested',
      excess: 1,
      details: { captureId, amount },
    })),
  ...Object.values(payment.refunds)
    .filter(({ requested }) => !requested)
    .map(({ refundId, amount }): Breach => ({
      rule: 'refund_not_requested',
      excess: 1,
      details: { refundId, amount },
    })),
];

const invariants: readonly Invariant[] = [
  capturedWithinAuthorized,
  capturedOnce,
  authorizedOnce,
  nothingCapturedOnceCanceled,
  returnedWithinCaptured,
  oneOutcomeADispute,
  fundsFollowOutcomes,
  settlementsBalance,
  nothingUnasked,
];

/** What a breach is of: its rule and the attempt, capture, refund, dispute or settlement that it concerns. */
const subjectOf = ({ rule, details }: Breach): string => {
  const { attempt, captureId, refundId, disputeId, settlementId } = details;
  return [rule, attempt, captureId, refundId, disputeId, settlementId].join(':');
};

/** Every invariant that the payment's recorded facts break. */
export const breachesOf = (payment: Payment): Breach[] =>
  invariants.flatMap((invariant) => invariant(payment)).filter(({ excess }) => excess > 0);

const successAfterFailure = (before: Payment, after: Payment): Breach[] =>
  attemptsOf(after)
    .filter(({ attempt, stage }) => {
      const was = before.attempts[attempt]?.stage.phase;
      return was === 'failed' && (stage.phase === 'authorized' || stage.phase === 'captured');
    })
    .map(({ attempt }) => ({ rule: 'success_after_failure', excess: 1, details: { attempt } }));

/** One DriftDetected for each invariant that `event` broke, or broke further, on the way from `before` to `after`. */
export const driftOf = (before: Payment, after: Payment, event: PaymentEvent): DriftDetected[] => {
  const known = new Map(breachesOf(before).map((breach) => [subjectOf(breach), breach.excess]));
  return [...breachesOf(after), ...successAfterFailure(before, after)]
    .filter((breach) => breach.excess > (known.get(subjectOf(breach)) ?? 0))
    .map(({ rule, details }) => ({ type: 'DriftDetected', fact: event.type, rule, details, at: event.at }));
};
