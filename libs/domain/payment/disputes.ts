import { changed, further, joinInto, known } from '../join.js';
import type {
  DisputeBooked,
  DisputeClosed,
  DisputeEvidenceFailed,
  DisputeEvidenceRequested,
  DisputeEvidenceSubmitted,
  DisputeFundsMoved,
  DisputeOpened,
  DisputeReported,
  DisputeStatus,
} from './events.js';
import {
  disputeRank,
  evidenceRank,
  type Dispute,
  type DisputeReport,
  type DisputeStage,
  type Evidence,
  type EvidenceStage,
  type Payment,
} from './state.js';

/** What the events about disputes add to a payment: each what it says, in whatever order. */

const undisputed = (disputeId: string): Dispute => ({ disputeId, amount: 0, won: false, lost: false });

const withDispute = (payment: Payment, disputeId: string, learn: (dispute: Dispute) => Dispute): Payment => {
  const before = payment.disputes[disputeId];
  const after = learn(before ?? undisputed(disputeId));
  return after === before ? payment : changed(payment, { disputes: { ...payment.disputes, [disputeId]: after } });
};

/** What every event about money tells: the amount is that of the first mention, for the books hold it. */
const withMoney = (
  dispute: Dispute,
  { amount, processorPaymentId }: Pick<DisputeOpened, 'amount' | 'processorPaymentId'>,
) =>
  changed(dispute, {
    amount: dispute.amount === 0 ? amount : dispute.amount,
    processorPaymentId: known(dispute.processorPaymentId, processorPaymentId),
  });

const joinReport = (a: DisputeReport, b: DisputeReport): DisputeReport =>
  changed(a, {
    stage: further<DisputeStage>(disputeRank, a.stage, b.stage),
    evidenceDueBy: known(a.evidenceDueBy, b.evidenceDueBy),
    submissions: Math.max(a.submissions, b.submissions),
  });

const joinEvidence = (a: Evidence, b: Evidence): Evidence =>
  changed(a, { stage: further<EvidenceStage>(evidenceRank, a.stage, b.stage), submit: a.submit || b.submit });

const withEvidence = (payment: Payment, disputeId: string, evidence: Evidence): Payment =>
  withDispute(payment, disputeId, (dispute) =>
    changed(dispute, { evidence: joinInto(dispute.evidence ?? {}, evidence.evidenceId, evidence, joinEvidence) }),
  );

export const disputeReported = (payment: Payment, event: DisputeReported): Payment => {
  const { disputeId, processorDisputeId, processorPaymentId, amount, status, reason, evidenceDueBy, submissions } =
    event;
  const report = { stage: { phase: status, reason, amount }, evidenceDueBy, submissions };
  return withDispute(payment, disputeId, (dispute) =>
    changed(dispute, {
      processorDisputeId: known(dispute.processorDisputeId, processorDisputeId),
      processorPaymentId: known(dispute.processorPaymentId, processorPaymentId),
      report: dispute.report ? joinReport(dispute.report, report) : report,
    }),
  );
};

export const disputeOpened = (payment: Payment, event: DisputeOpened): Payment =>
  withDispute(payment, event.disputeId, (dispute) => withMoney(dispute, event));

export const disputeFundsMoved = (payment: Payment, event: DisputeFundsMoved): Payment =>
  withDispute(payment, event.disputeId, (dispute) =>
    changed(withMoney(dispute, event), {
      movements: joinInto(dispute.movements ?? {}, event.movementId, event.direction, (first) => first),
    }),
  );

export const disputeClosed = (payment: Payment, event: DisputeClosed): Payment =>
  withDispute(payment, event.disputeId, (dispute) =>
    changed(withMoney(dispute, event), {
      won: dispute.won || event.outcome === 'won',
      lost: dispute.lost || event.outcome === 'lost',
    }),
  );

export const evidenceRequested = (
  payment: Payment,
  { disputeId, evidenceId, submit }: DisputeEvidenceRequested,
): Payment => withEvidence(payment, disputeId, { evidenceId, submit, stage: { phase: 'requested' } });

export const evidenceSubmitted = (
  payment: Payment,
  { disputeId, evidenceId, submit }: DisputeEvidenceSubmitted,
): Payment => withEvidence(payment, disputeId, { evidenceId, submit, stage: { phase: 'sent' } });

export const evidenceFailed = (payment: Payment, { disputeId, evidenceId, code }: DisputeEvidenceFailed): Payment =>
  withEvidence(payment, disputeId, { evidenceId, submit: false, stage: { phase: 'failed', code } });

/**
 * What the books hold for a dispute. They follow the money where it has moved against the outcome: funds that came back after a
 * lost dispute are the tenant's again, and funds that were taken again after a won one are gone.
 */
export const disputeBooked = (dispute: Dispute | undefined): DisputeBooked => {
  if (!dispute || dispute.amount === 0) return 'nothing';
  const directions = Object.values(dispute.movements ?? {});
  const withdrawn = directions.filter((direction) => direction === 'withdrawn').length;
  const reinstated = directions.length - withdrawn;
  if (dispute.lost) return withdrawn >= 1 && reinstated >= withdrawn ? 'won' : 'lost';
  if (dispute.won) return withdrawn >= 2 && withdrawn > reinstated ? 'lost' : 'won';
  return 'open';
};

/** Whether the money moved against what was told: the books say lost of a won dispute, or won of a lost one. */
export const fundsContradict = (dispute: Dispute): boolean => {
  const booked = disputeBooked(dispute);
  return dispute.lost ? booked === 'won' : dispute.won && booked === 'lost';
};

/** How a dispute stands: the outcome once there is one, then what the processor said last, else that it was opened. */
export const disputeStatusOf = ({ won, lost, report }: Dispute): DisputeStatus => {
  if (lost) return 'lost';
  return won ? 'won' : (report?.stage.phase ?? 'needs_response');
};

/** Minor units of the payment's currency: what the books go by, or what an inquiry is about. */
export const disputeAmountOf = ({ amount, report }: Dispute): number =>
  amount === 0 ? (report?.stage.amount ?? 0) : amount;
