import type { Customer } from '#domain/customer';
import { Command } from '@nestjs/cqrs';

import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import type { CreateCustomerDto, SetDefaultPaymentMethodDto } from './dto.js';

/** Creates a customer, or answers with the one that has this email already (`existing`). */
export class CreateCustomerCommand extends Command<Answer<Customer> & { existing: boolean }> {
  constructor(
    readonly context: CommandContext,
    readonly body: CreateCustomerDto,
  ) {
    super();
  }
}

/** Chooses which of its payment methods a customer is offered first. */
export class SetDefaultPaymentMethodCommand extends Command<Answer<Customer>> {
  constructor(
    readonly context: CommandContext,
    readonly customerId: string,
    readonly body: SetDefaultPaymentMethodDto,
  ) {
    super();
  }
}
