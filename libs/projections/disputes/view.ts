import type { Dispute, DisputeStatus, Evidence } from '#domain/payment';
import { disputeAmountOf, disputeStatusOf } from '#domain/payment';

import type { ShownDispute } from './fold.js';

/** `staged` lies at the processor, where it can be added to; `submitted` went to the bank. */
export type DisputeEvidenceStatus = 'pending' | 'staged' | 'submitted' | 'failed';

/** Evidence that was sent by us. What it says is sealed and shown to nobody. */
export interface DisputeEvidenceView {
  id: string;
  status: DisputeEvidenceStatus;
  failureCode: string | null;
  createdAt: string;
}

/** A dispute as the outside sees it. `amount` is minor units of `currency`; times are RFC 3339. */
export interface DisputeView {
  id: string;
  paymentId: string;
  amount: number;
  /** Lower-case ISO 4217. */
  currency: string;
  status: DisputeStatus;
  /** The processor's word, such as `fraudulent`. */
  reason: string | null;
  /** Until when evidence is taken. */
  evidenceDueBy: string | null;
  /** How often evidence went to the bank, by whomever. */
  evidenceSubmissions: number;
  /** Whether the processor has the money now. */
  fundsWithdrawn: boolean;
  /** Oldest first. */
  evidence: DisputeEvidenceView[];
  processorDisputeId: string | null;
  createdAt: string;
}

const evidenceStatus = ({ stage, submit }: Evidence): DisputeEvidenceStatus => {
  if (stage.phase === 'requested') return 'pending';
  if (stage.phase === 'failed') return 'failed';
  return submit ? 'submitted' : 'staged';
};

const byAge = (a: DisputeEvidenceView, b: DisputeEvidenceView): number =>
  Date.parse(a.createdAt) - Date.parse(b.createdAt) || (a.id < b.id ? -1 : 1);

const evidenceOf = ({ dispute, times }: ShownDispute): DisputeEvidenceView[] =>
  Object.values(dispute.evidence ?? {})
    .map((evidence) => ({
      id: evidence.evidenceId,
      status: evidenceStatus(evidence),
      failureCode: evidence.stage.phase === 'failed' ? evidence.stage.code : null,
      createdAt: times.evidence[evidence.evidenceId] ?? times.createdAt,
    }))
    .sort(byAge);

const withdrawn = ({ movements = {} }: Dispute): boolean =>
  Object.values(movements).reduce((net, direction) => net + (direction === 'withdrawn' ? 1 : -1), 0) > 0;

/** Shows a dispute; pure, so that a query and the answer to a command show the same. */
export const disputeView = (shown: ShownDispute): DisputeView => {
  const { paymentId, currency, times, dispute } = shown;
  const { report } = dispute;
  return {
    id: dispute.disputeId,
    paymentId,
    amount: disputeAmountOf(dispute),
    currency,
    status: disputeStatusOf(dispute),
    reason: report?.stage.reason ?? null,
    evidenceDueBy: report?.evidenceDueBy ?? null,
    evidenceSubmissions: report?.submissions ?? 0,
    fundsWithdrawn: withdrawn(dispute),
    evidence: evidenceOf(shown),
    processorDisputeId: dispute.processorDisputeId ?? null,
    createdAt: times.createdAt,
  };
};
