import type { PaymentEvent, PresentedKind } from '#domain/payment';
import { decide } from '#domain/payment';
import type { ShownPayment } from '#projections/payments';

import { payments } from '../aggregates.js';
import type { CommandContext } from '../context.js';
import type { Task } from '../executor.js';
import { idFrom } from '../idempotency.js';
import type { ProcessorTokens } from '../payment-method/index.js';

/** Our id of the confirmation token that a command presents. */
export const confirmationIdOf = ({ commandId }: Pick<CommandContext, 'commandId'>): string =>
  idFrom(commandId, 'confirmation');

/** What the payer's browser has brought, and what it may hold. */
export interface Presented {
  confirmationToken: string;
  methodKinds?: readonly PresentedKind[];
}

/**
 * The task that presents a confirmation token for a payment. The token is sealed before the event that names it: once that is in the log,
 * the gateway looks for it. `requires` is what else must hold.
 */
export const presentationTask = (
  tokens: ProcessorTokens,
  context: CommandContext,
  paymentId: string,
  { confirmationToken, methodKinds }: Presented,
  requires?: () => Promise<void>,
): Task<ShownPayment, PaymentEvent> => {
  const { tenantId, at } = context;
  const confirmationId = confirmationIdOf(context);
  let customerId = '';
  return {
    context,
    aggregate: payments,
    id: paymentId,
    decide: (payment) => {
      ({ customerId } = payment);
      return decide({ type: 'PresentConfirmation', confirmationId, methodKinds, at }, payment);
    },
    requires,
    reserves: () => tokens.storePresented(tenantId, confirmationId, customerId, confirmationToken),
  };
};
