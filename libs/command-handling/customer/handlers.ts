import type { Customer } from '#domain/customer';
import { assertCustomerExists, decideCustomer } from '#domain/customer';
import { assertChargeableMethod } from '#domain/payment-method';
import { Keys, customerPersonalPlace, normalizeEmail } from '#keys';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';

import { customers, paymentMethods } from '../aggregates.js';
import type { Answer } from '../executor.js';
import { ClaimHeld, CommandExecutor } from '../executor.js';
import { idFrom } from '../idempotency.js';
import { CreateCustomerCommand, SetDefaultPaymentMethodCommand } from './commands.js';

/** The kind of the claim by which a tenant has one customer for an email. A storage format. */
export const emailClaim = 'customer_email';

@CommandHandler(CreateCustomerCommand)
export class CreateCustomerHandler implements ICommandHandler<CreateCustomerCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly keys: Keys,
  ) {}

  async execute({ context, body }: CreateCustomerCommand): Promise<Answer<Customer> & { existing: boolean }> {
    const { tenantId, commandId, at } = context;
    const customerId = idFrom(commandId, 'customer');
    const [value, personal] = await Promise.all([
      this.keys.blindIndex(tenantId, emailClaim, normalizeEmail(body.email)),
      this.keys.sealPersonal(customerPersonalPlace(tenantId, customerId), JSON.stringify(body)),
    ]);
    try {
      const answer = await this.executor.execute({
        context,
        aggregate: customers,
        id: customerId,
        decide: (customer) => decideCustomer({ type: 'CreateCustomer', customerId, personal, at }, customer),
        claims: [{ kind: emailClaim, value }],
      });
      return { ...answer, existing: false };
    } catch (error) {
      if (!(error instanceof ClaimHeld) || !error.heldBy) throw error;
      return { ...(await this.executor.current(tenantId, customers, error.heldBy)), existing: true };
    }
  }
}

@CommandHandler(SetDefaultPaymentMethodCommand)
export class SetDefaultPaymentMethodHandler implements ICommandHandler<SetDefaultPaymentMethodCommand> {
  constructor(private readonly executor: CommandExecutor) {}

  execute({
    context,
    customerId,
    body: { paymentMethodId },
  }: SetDefaultPaymentMethodCommand): Promise<Answer<Customer>> {
    const { tenantId, at } = context;
    return this.executor.execute({
      context,
      aggregate: customers,
      id: customerId,
      decide: (customer) => decideCustomer({ type: 'SetDefaultPaymentMethod', paymentMethodId, at }, customer),
      requires: async () => {
        const [customer, method] = await Promise.all([
          this.executor.load(tenantId, customers, customerId),
          this.executor.load(tenantId, paymentMethods, paymentMethodId),
        ]);
        assertCustomerExists(customer);
        assertChargeableMethod(method, customerId);
      },
    });
  }
}
