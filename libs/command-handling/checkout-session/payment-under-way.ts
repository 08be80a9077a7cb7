import { Refusal } from '#domain';

/** The cancellation of what the payer has begun has no outcome yet, or came to nothing: it may still charge. */
export class PaymentUnderWay extends Refusal {
  constructor(checkoutSessionId: string, paymentId: string) {
    super(
      'operation_in_progress',
      'conflict',
      `payment ${paymentId} of checkout session ${checkoutSessionId} may still be charged; read the session and try again when that has ended`,
      { details: { checkoutSessionId, paymentId } },
    );
  }
}
