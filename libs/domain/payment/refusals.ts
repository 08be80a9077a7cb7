import { Refusal } from '../refusal.js';
import type { Payment } from './state.js';
import { statusOf, type Operation } from './views.js';

const about = (payment: Payment) => ({ paymentId: payment.paymentId, paymentStatus: statusOf(payment) });

export class PaymentNotFound extends Refusal {
  constructor() {
    super('payment_not_found', 'not_found', 'there is no such payment; create it first', { field: 'paymentId' });
  }
}

export class PaymentAlreadyExists extends Refusal {
  constructor(paymentId: string) {
    super('payment_already_exists', 'conflict', `payment ${paymentId} exists with other terms; use a new id`, {
      field: 'paymentId',
      details: { paymentId },
    });
  }
}

export class OperationInProgress extends Refusal {
  constructor(payment: Payment, { kind, id }: { kind: Operation['kind'] | 'evidence'; id: string }) {
    const { paymentId } = payment;
    super(
      'operation_in_progress',
      'conflict',
      `${kind} ${id} of payment ${paymentId} has no outcome yet; read the payment and try again when it has`,
      { details: { paymentId, operation: kind, operationId: id } },
    );
  }
}

export class PaymentMethodRequired extends Refusal {
  constructor(paymentId: string) {
    super('payment_method_required', 'invalid', `payment ${paymentId} has no payment method yet; name one`, {
      field: 'paymentMethodId',
      details: { paymentId },
    });
  }
}

export class PaymentNotConfirmable extends Refusal {
  constructor(payment: Payment) {
    const next =
      statusOf(payment) === 'requires_action'
        ? 'let the customer finish the action, or cancel it and create another'
        : 'only a payment without an attempt, or whose last attempt failed, can be confirmed';
    super('payment_not_confirmable', 'conflict', `payment ${payment.paymentId} is ${statusOf(payment)}; ${next}`, {
      details: about(payment),
    });
  }
}

/** Too many have said that the payer has finished, and it was not so. */
export class PaymentActionUnfinished extends Refusal {
  constructor(paymentId: string) {
    super(
      'payment_action_unfinished',
      'conflict',
      `payment ${paymentId} still waits for its payer, although it was said again and again that they had finished; cancel it and create another`,
      { details: { paymentId } },
    );
  }
}

export class PaymentNotCapturable extends Refusal {
  constructor(payment: Payment) {
    super(
      'payment_not_capturable',
      'conflict',
      `payment ${payment.paymentId} is ${statusOf(payment)} and holds nothing to capture; only an authorized payment does`,
      { details: about(payment) },
    );
  }
}

export class MulticaptureNotSupported extends Refusal {
  constructor(payment: Payment) {
    super(
      'multicapture_not_supported',
      'conflict',
      `the processor allows one capture of payment ${payment.paymentId}; capture with final: true`,
      { field: 'final', details: about(payment) },
    );
  }
}

export class CaptureExceedsAuthorized extends Refusal {
  constructor(payment: Payment, amount: number, capturable: number) {
    super(
      'capture_exceeds_authorized',
      'unprocessable',
      `payment ${payment.paymentId} has ${capturable} minor units left to capture, not ${amount}; ask for no more than that`,
      { field: 'amount', details: { paymentId: payment.paymentId, capturable } },
    );
  }
}

export class PaymentNotCancelable extends Refusal {
  constructor(payment: Payment) {
    super(
      'payment_not_cancelable',
      'conflict',
      `payment ${payment.paymentId} is ${statusOf(payment)}; what was captured is refunded, not canceled`,
      { details: about(payment) },
    );
  }
}

export class PaymentNotRefundable extends Refusal {
  constructor(payment: Payment) {
    super(
      'payment_not_refundable',
      'conflict',
      `payment ${payment.paymentId} is ${statusOf(payment)} and nothing was captured; cancel it instead`,
      { details: about(payment) },
    );
  }
}

export class DisputeNotFound extends Refusal {
  constructor() {
    super('dispute_not_found', 'not_found', 'there is no such dispute; read the list of disputes', {
      field: 'disputeId',
    });
  }
}

export class DisputeHasEnded extends Refusal {
  constructor(disputeId: string, disputeStatus: string) {
    super('dispute_closed', 'conflict', `dispute ${disputeId} is ${disputeStatus}; evidence changes nothing any more`, {
      details: { disputeId, disputeStatus },
    });
  }
}

/** Evidence can be given until its day, and until it was submitted to the bank. */
export class EvidenceTooLate extends Refusal {
  /** `why` completes "takes no more evidence: ...". */
  constructor(disputeId: string, why: string) {
    super('evidence_too_late', 'conflict', `dispute ${disputeId} takes no more evidence: ${why}`, {
      details: { disputeId },
    });
  }
}

/** `refundable` leaves out what is refunded, pending, or under an open or lost dispute. */
export class RefundExceedsCaptured extends Refusal {
  constructor(payment: Payment, amount: number | undefined, refundable: number) {
    super(
      'refund_exceeds_captured',
      'unprocessable',
      `payment ${payment.paymentId} has ${refundable} minor units left to refund, not ${amount ?? 'more'}; ask for no more than that`,
      { field: 'amount', details: { paymentId: payment.paymentId, refundable } },
    );
  }
}
