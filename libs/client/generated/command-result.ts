/* Made by `npm run contracts` from the schemas in docs/contracts. Do not edit. */

import type { OpenWord } from './events.js';

/** What became of a command. A result can come more than once; the first one counts. */
export interface CommandResult {
  /** Id of the message that carried the command. */
  messageId: string;
  /** `causationId` of the events that the command led to. */
  commandId: string;
  /** Type of the command. */
  type: OpenWord<
    | 'CreateCustomer'
    | 'SetDefaultPaymentMethod'
    | 'AttachPaymentMethod'
    | 'DetachPaymentMethod'
    | 'CreateSetupIntent'
    | 'CreatePayment'
    | 'ConfirmPayment'
    | 'CapturePayment'
    | 'CancelPayment'
    | 'RefundPayment'
    | 'SubmitDisputeEvidence'
  >;
  /** `duplicate`: the same message came before; what is answered is what became of that one. */
  outcome: 'accepted' | 'rejected' | 'duplicate';
  /** What the command created or changed. */
  resource?: {
    type: OpenWord<'customer' | 'payment_method' | 'setup_intent' | 'payment' | 'refund'>;
    id: string;
  };
  /** Version of the stream after the command. */
  version?: number;
  /** Read no earlier than this: `Billing-Min-Position` of a GET. */
  position?: string;
  /** Whether the processor has spoken. False: the outcome comes as an event. */
  settled?: boolean;
  /** Why it was rejected, or what the processor did not do. */
  error?: {
    /** Stable; the codes of the HTTP API. */
    code: string;
    detail: string;
    field?: string;
  };
}
