import { Refusal } from '#domain';

/** Another tab of the payer's is at it: what it comes to is to be waited for. */
export class SetupUnderWay extends Refusal {
  constructor(checkoutSessionId: string) {
    super(
      'operation_in_progress',
      'conflict',
      `a payment method is being set up on checkout session ${checkoutSessionId}; read how it stands and try again when that has ended`,
      { details: { checkoutSessionId } },
    );
  }
}
