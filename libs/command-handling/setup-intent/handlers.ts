import { assertCustomerExists } from '#domain/customer';
import type { SetupIntent } from '#domain/setup-intent';
import { decideSetupIntent } from '#domain/setup-intent';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';

import { customers, setupIntents } from '../aggregates.js';
import type { Answer } from '../executor.js';
import { CommandExecutor } from '../executor.js';
import { idFrom } from '../idempotency.js';
import { ProcessorTokens } from '../payment-method/index.js';
import { methodKinds } from '../payment-method/method-kinds.js';
import { CreateSetupIntentCommand } from './commands.js';

/** The id of the setup intent that a command makes. */
export const setupIntentIdOf = (commandId: string): string => idFrom(commandId, 'setup_intent');

@CommandHandler(CreateSetupIntentCommand)
export class CreateSetupIntentHandler implements ICommandHandler<CreateSetupIntentCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly tokens: ProcessorTokens,
  ) {}

  execute({ context, body, checkoutSessionId }: CreateSetupIntentCommand): Promise<Answer<SetupIntent>> {
    const { tenantId, commandId, at } = context;
    const { customerId, paymentMethodTypes = methodKinds, usage = 'off_session', confirmationToken } = body;
    const confirmationId = confirmationToken === undefined ? undefined : idFrom(commandId, 'confirmation');
    const command = {
      type: 'CreateSetupIntent',
      setupIntentId: setupIntentIdOf(commandId),
      customerId,
      paymentMethodId: idFrom(commandId, 'payment_method'),
      methodKinds: paymentMethodTypes,
      usage,
      ...(confirmationId !== undefined && { confirmationId }),
      ...(checkoutSessionId !== undefined && { checkoutSessionId }),
      at,
    } as const;
    return this.executor.execute({
      context,
      aggregate: setupIntents,
      id: command.setupIntentId,
      decide: (intent) => decideSetupIntent(command, intent),
      requires: async () => {
        assertCustomerExists(await this.executor.load(tenantId, customers, customerId));
        // The token first: once the event is in the log, the gateway looks for it.
        if (confirmationId !== undefined && confirmationToken !== undefined) {
          await this.tokens.storePresented(tenantId, confirmationId, customerId, confirmationToken);
        }
      },
    });
  }
}
