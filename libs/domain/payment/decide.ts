import * as actions from './actions.js';
import type { PaymentCommand } from './commands.js';
import * as disputes from './dispute-facts.js';
import type { PaymentEvent } from './events.js';
import { submitDisputeEvidence } from './evidence.js';
import * as facts from './facts.js';
import * as notices from './notice-facts.js';
import * as confirmation from './confirmation.js';
import * as requests from './requests.js';
import type { Payment } from './state.js';

type Decider<C> = (command: C, payment: Payment) => PaymentEvent[];
type Deciders = { [T in PaymentCommand['type']]: Decider<Extract<PaymentCommand, { type: T }>> };

const deciders: Deciders = {
  CreatePayment: requests.createPayment,
  ConfirmPayment: requests.confirmPayment,
  PresentConfirmation: confirmation.presentConfirmation,
  FinishPaymentAction: actions.finishPaymentAction,
  CapturePayment: requests.capturePayment,
  CancelPayment: requests.cancelPayment,
  RefundPayment: requests.refundPayment,
  SubmitDisputeEvidence: submitDisputeEvidence,
  RecordConfirmationInspected: confirmation.recordConfirmationInspected,
  RecordConfirmationRefused: confirmation.recordConfirmationRefused,
  RecordActionRequired: facts.recordActionRequired,
  RecordActionStillRequired: actions.recordActionStillRequired,
  RecordProcessing: facts.recordProcessing,
  RecordAuthorization: facts.recordAuthorization,
  RecordCapture: facts.recordCapture,
  RecordFailure: facts.recordFailure,
  RecordCaptureFailure: facts.recordCaptureFailure,
  RecordCancellation: facts.recordCancellation,
  RecordCancelFailure: facts.recordCancelFailure,
  RecordRefundOutcome: facts.recordRefundOutcome,
  RecordDisputeReported: disputes.recordDisputeReported,
  RecordDisputeOpened: disputes.recordDisputeOpened,
  RecordDisputeFunds: disputes.recordDisputeFunds,
  RecordDisputeClosed: disputes.recordDisputeClosed,
  RecordEvidenceOutcome: disputes.recordEvidenceOutcome,
  RecordProcessorReview: notices.recordProcessorReview,
  RecordFraudWarning: notices.recordFraudWarning,
  RequestPaymentLookup: notices.requestPaymentLookup,
  RecordSettlement: facts.recordSettlement,
};

/**
 * Decides any command of the payment: the events to append, `[]` for what changes nothing. Pure. Throws a Refusal for a
 * command that a rule forbids; records facts, and refuses them only with PaymentNotFound.
 */
export const decide = (command: PaymentCommand, payment: Payment): PaymentEvent[] =>
  (deciders[command.type] as Decider<PaymentCommand>)(command, payment);
