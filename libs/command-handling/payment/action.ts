import type { Payment, PaymentCommand } from '#domain/payment';
import { attemptWithAction } from '#domain/payment';

import type { CommandContext } from '../context.js';
import { idFrom } from '../idempotency.js';

/** What says that the payer has done what the processor asked; undefined where no payer has anything to do after which we confirm again. */
export const finishOf = ({ commandId, at }: CommandContext, payment: Payment): PaymentCommand | undefined =>
  attemptWithAction(payment) && { type: 'FinishPaymentAction', actionId: idFrom(commandId, 'action'), at };
