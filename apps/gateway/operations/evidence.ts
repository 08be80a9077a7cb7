import { factsOfDispute, payments } from '#command-handling/facts';
import type { DisputeEvidenceRequested, Payment, PaymentEvent, PaymentFact } from '#domain/payment';
import type { ProcessorDispute } from '#processor';

import type { TakenCall } from '../calls/call.js';
import type { Answer, Desk, Operation } from './operation.js';
import { paymentIdOf, unreachable } from './operation.js';

type EvidenceCall = TakenCall<DisputeEvidenceRequested>;

/** Nobody can tell whether staged evidence has arrived. Sending it once more does no harm. */
const unconfirmed = 'evidence_unconfirmed';

const failed = (
  kind: string,
  { request: { disputeId, evidenceId } }: EvidenceCall,
  code: string,
  at: string,
): Answer<PaymentFact> => ({
  kind,
  facts: [{ type: 'RecordEvidenceOutcome', disputeId, evidenceId, outcome: { code }, at }],
});

/** How the dispute stands comes first: whoever waits is answered with the outcome, and sees both. */
const sent = (call: EvidenceCall, dispute: ProcessorDispute, at: string): Answer<PaymentFact> => {
  const { disputeId, evidenceId, submit } = call.request;
  const outcome = { submitted: submit };
  return {
    kind: submit ? 'submitted' : 'staged',
    facts: [
      ...factsOfDispute(paymentIdOf(call), dispute, at),
      { type: 'RecordEvidenceOutcome', disputeId, evidenceId, outcome, at },
    ],
  };
};

/** `customerPurchaseIp` is the processor's `customer_purchase_ip`: its fields are ours in another spelling. */
const inItsWords = (evidence: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(evidence).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );

/** Sends the evidence under `key`. It is open for the length of the call and nowhere else. */
const submit = async (call: EvidenceCall, key: string, desk: Desk, state: Payment): Promise<Answer<PaymentFact>> => {
  const { tenantId, request } = call;
  const { processorDisputeId, evidenceId } = request;
  const place = {
    tenantId,
    subjectId: state.customerId,
    purpose: 'dispute' as const,
    record: `DisputeEvidenceRequested.evidence/${evidenceId}`,
  };
  const opened = await desk.keys.openPersonal(place, request.evidence);
  if (opened.erased) return { ...failed('erased', call, 'customer_erased', desk.now().toISOString()), unsent: true };
  const evidence = inItsWords(JSON.parse(opened.plaintext) as Record<string, string>);
  const outcome = await desk.line.run(call, () =>
    desk.processor.submitEvidence({ processorDisputeId, evidence, submit: request.submit }, key),
  );
  const at = desk.now().toISOString();
  return outcome.outcome === 'succeeded'
    ? sent(call, outcome.value, at)
    : failed(outcome.outcome, call, outcome.code, at);
};

/** The dispute as the processor has it; undefined where none of the payment's charges has it. */
const retrieve = async (call: EvidenceCall, desk: Desk, state: Payment): Promise<ProcessorDispute | undefined> => {
  const { disputeId, processorDisputeId } = call.request;
  const charge = state.disputes[disputeId]?.processorPaymentId;
  const charges =
    charge === undefined
      ? Object.values(state.attempts).flatMap(({ processorPaymentId }) => processorPaymentId ?? [])
      : [charge];
  for (const processorPaymentId of charges) {
    const standing = await desk.line.run(call, () => desk.processor.retrieveStanding(processorPaymentId));
    const found = standing?.disputes.find((dispute) => dispute.processorDisputeId === processorDisputeId);
    if (found) return found;
  }
  return undefined;
};

/** The request was not allowed once evidence was at the bank: what is there now, this request brought there. */
const isAtBank = ({ submissions, status }: ProcessorDispute): boolean =>
  submissions > 0 && status !== 'needs_response' && status !== 'inquiry';

/** Sends evidence about a dispute: stages it at the processor, or submits it to the bank. */
export const submitEvidence: Operation<DisputeEvidenceRequested, Payment, PaymentFact, PaymentEvent> = {
  aggregate: payments,

  ended({ request: { disputeId, evidenceId } }, payment) {
    const phase = payment.disputes[disputeId]?.evidence?.[evidenceId]?.stage.phase;
    return phase === undefined || phase === 'requested' ? false : {};
  },

  send: (call, desk, state) => submit(call, call.idempotencyKey, desk, state),

  async look(call, desk, certainty, state) {
    const dispute = await retrieve(call, desk, state);
    if (dispute && call.request.submit && isAtBank(dispute)) return sent(call, dispute, desk.now().toISOString());
    // The answer to its key is a failure for good. The same evidence again, under one more key, changes nothing that it has not changed.
    if (certainty === 'may_still_happen') return submit(call, `${call.idempotencyKey}:again`, desk, state);
    const code = call.request.submit ? unreachable : unconfirmed;
    return failed('unreachable', call, code, desk.now().toISOString());
  },
};
