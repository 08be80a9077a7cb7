import type { PaymentMethod } from '#domain/payment-method';
import { Command } from '@nestjs/cqrs';

import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import type { AttachPaymentMethodDto, DetachPaymentMethodDto } from './dto.js';

export class AttachPaymentMethodCommand extends Command<Answer<PaymentMethod>> {
  constructor(
    readonly context: CommandContext,
    readonly customerId: string,
    readonly body: AttachPaymentMethodDto,
  ) {
    super();
  }
}

/** Takes a payment method from its customer, for good. Payments that are under way go on. */
export class DetachPaymentMethodCommand extends Command<Answer<PaymentMethod>> {
  constructor(
    readonly context: CommandContext,
    readonly paymentMethodId: string,
    readonly body: DetachPaymentMethodDto,
  ) {
    super();
  }
}
