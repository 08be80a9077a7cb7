import type { SubmitDisputeEvidence } from './commands.js';
import { disputeStatusOf } from './disputes.js';
import type { DisputeStatus, PaymentEvent } from './events.js';
import { assertExists } from './record.js';
import { DisputeHasEnded, DisputeNotFound, EvidenceTooLate, OperationInProgress } from './refusals.js';
import type { Dispute, Payment } from './state.js';

const ended: ReadonlySet<DisputeStatus> = new Set(['inquiry_closed', 'prevented', 'won', 'lost']);
const withTheBank: ReadonlySet<DisputeStatus> = new Set(['inquiry_under_review', 'under_review']);

const assertTakesEvidence = (dispute: Dispute, at: string): void => {
  const status = disputeStatusOf(dispute);
  if (ended.has(status)) throw new DisputeHasEnded(dispute.disputeId, status);
  const own = Object.values(dispute.evidence ?? {});
  const submitted = own.some(({ submit, stage }) => submit && stage.phase === 'sent');
  if (submitted || withTheBank.has(status)) throw new EvidenceTooLate(dispute.disputeId, 'it is with the bank already');
  const dueBy = dispute.report?.evidenceDueBy;
  if (dueBy !== undefined && Date.parse(at) > Date.parse(dueBy)) {
    throw new EvidenceTooLate(dispute.disputeId, `it was due by ${dueBy}`);
  }
};

/**
 * Asks for evidence to be sent. One after the other: which of two would stand at the processor could not be told. Throws
 * DisputeNotFound, DisputeHasEnded, EvidenceTooLate or OperationInProgress.
 */
export const submitDisputeEvidence = (command: SubmitDisputeEvidence, payment: Payment): PaymentEvent[] => {
  assertExists(payment);
  const { disputeId, evidenceId, evidence, submit, at } = command;
  const dispute = payment.disputes[disputeId];
  if (dispute?.evidence?.[evidenceId]) return []; // a repeat changes nothing
  const processorDisputeId = dispute?.processorDisputeId;
  if (!dispute || processorDisputeId === undefined) throw new DisputeNotFound();
  assertTakesEvidence(dispute, at);
  const inFlight = Object.values(dispute.evidence ?? {}).find(({ stage }) => stage.phase === 'requested');
  if (inFlight) throw new OperationInProgress(payment, { kind: 'evidence', id: inFlight.evidenceId });
  return [{ type: 'DisputeEvidenceRequested', disputeId, evidenceId, processorDisputeId, evidence, submit, at }];
};
