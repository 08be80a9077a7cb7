import { Refusal } from '#domain';
import type { CheckoutSession } from '#domain/checkout-session';
import { CheckoutSessionClosed, CheckoutSessionNotFound, decideCheckoutSession } from '#domain/checkout-session';
import { decide, statusOf } from '#domain/payment';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';

import { checkoutSessions, payments } from '../aggregates.js';
import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import { CommandExecutor } from '../executor.js';
import { ExpireCheckoutSessionCommand } from './commands.js';
import { PaymentUnderWay } from './payment-under-way.js';
import { SetupUnderWay } from './setup-under-way.js';
import type { CheckoutStanding } from './standing.js';
import { checkoutStanding, isComplete, isSettingUp } from './standing.js';
import { stepOf } from './step.js';

/**
 * Closes a session. A payment is canceled first: on its own stream it is decided whether the payer was faster, so that nobody is told that a
 * page is over who is charged for it. A setup is named in the session's stream, and so decided there.
 */
@CommandHandler(ExpireCheckoutSessionCommand)
export class ExpireCheckoutSessionHandler implements ICommandHandler<ExpireCheckoutSessionCommand> {
  constructor(private readonly executor: CommandExecutor) {}

  execute({ context, checkoutSessionId }: ExpireCheckoutSessionCommand): Promise<Answer<CheckoutSession>> {
    const { at } = context;
    let named: string | undefined;
    return this.executor.execute({
      context,
      aggregate: checkoutSessions,
      id: checkoutSessionId,
      decide: (session) => {
        if (session.setupIntentId !== named) throw new SetupUnderWay(checkoutSessionId);
        return decideCheckoutSession({ type: 'ExpireCheckoutSession', complete: false, at }, session);
      },
      requires: async () => {
        const { session, ...standing } = await this.#standing(context, checkoutSessionId);
        named = session.setupIntentId;
        if (isSettingUp({ session, ...standing }, at)) throw new SetupUnderWay(checkoutSessionId);
        if (session.paymentId !== undefined) await this.#cancel(context, session.paymentId, checkoutSessionId);
      },
    });
  }

  /** Throws CheckoutSessionNotFound, or CheckoutSessionClosed for one that is complete. */
  async #standing({ tenantId }: CommandContext, checkoutSessionId: string): Promise<CheckoutStanding> {
    const standing = await checkoutStanding(this.executor, tenantId, checkoutSessionId);
    if (!standing) throw new CheckoutSessionNotFound();
    if (isComplete(standing)) throw new CheckoutSessionClosed(standing.session, 'complete');
    return standing;
  }

  /** Throws OperationInProgress, or PaymentUnderWay where the payment may still charge, and what `#standing` throws. */
  async #cancel(context: CommandContext, paymentId: string, checkoutSessionId: string): Promise<void> {
    const step = stepOf(context, 'cancel payment');
    const { commandId: cancelId, at } = step;
    try {
      const { state } = await this.executor.execute({
        context: step,
        aggregate: payments,
        id: paymentId,
        decide: (payment) =>
          statusOf(payment) === 'canceled' ? [] : decide({ type: 'CancelPayment', cancelId, at }, payment),
      });
      if (statusOf(state) === 'canceled') return;
    } catch (error) {
      // It was paid between our look and the cancellation: then that is what is wrong.
      if (error instanceof Refusal) await this.#standing(context, checkoutSessionId);
      throw error;
    }
    await this.#standing(context, checkoutSessionId);
    throw new PaymentUnderWay(checkoutSessionId, paymentId);
  }
}
