import { assertCustomerExists } from '#domain/customer';
import type { PaymentMethod } from '#domain/payment-method';
import { decidePaymentMethod } from '#domain/payment-method';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';

import { customers, paymentMethods } from '../aggregates.js';
import type { Answer } from '../executor.js';
import { CommandExecutor } from '../executor.js';
import { idFrom } from '../idempotency.js';
import { ProcessorTokens } from '../tokens/index.js';
import { AttachPaymentMethodCommand, DetachPaymentMethodCommand } from './commands.js';

@CommandHandler(AttachPaymentMethodCommand)
export class AttachPaymentMethodHandler implements ICommandHandler<AttachPaymentMethodCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly tokens: ProcessorTokens,
  ) {}

  execute({ context, customerId, body }: AttachPaymentMethodCommand): Promise<Answer<PaymentMethod>> {
    const { tenantId, commandId, at } = context;
    const paymentMethodId = idFrom(commandId, 'payment_method');
    return this.executor.execute({
      context,
      aggregate: paymentMethods,
      id: paymentMethodId,
      decide: (method) =>
        decidePaymentMethod({ type: 'AttachPaymentMethod', paymentMethodId, customerId, kind: body.type, at }, method),
      requires: async () => {
        assertCustomerExists(await this.executor.load(tenantId, customers, customerId));
        // The token first: once the event is in the log, the gateway looks for it.
        await this.tokens.store(tenantId, paymentMethodId, customerId, body.processorToken);
      },
    });
  }
}

@CommandHandler(DetachPaymentMethodCommand)
export class DetachPaymentMethodHandler implements ICommandHandler<DetachPaymentMethodCommand> {
  constructor(private readonly executor: CommandExecutor) {}

  execute({ context, paymentMethodId, body: { reason } }: DetachPaymentMethodCommand): Promise<Answer<PaymentMethod>> {
    const { commandId, at } = context;
    const detachId = idFrom(commandId, 'detach');
    return this.executor.execute({
      context,
      aggregate: paymentMethods,
      id: paymentMethodId,
      decide: (method) => decidePaymentMethod({ type: 'DetachPaymentMethod', detachId, reason, at }, method),
    });
  }
}
