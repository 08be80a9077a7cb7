import type { ShownPayment } from '#projections/payments';
import { Command } from '@nestjs/cqrs';

import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import type {
  CancelPaymentDto,
  CapturePaymentDto,
  ConfirmPaymentDto,
  CreatePaymentDto,
  RefundPaymentDto,
} from './dto.js';

export class CreatePaymentCommand extends Command<Answer<ShownPayment>> {
  constructor(
    readonly context: CommandContext,
    readonly body: CreatePaymentDto,
  ) {
    super();
  }
}

export class ConfirmPaymentCommand extends Command<Answer<ShownPayment>> {
  constructor(
    readonly context: CommandContext,
    readonly paymentId: string,
    readonly body: ConfirmPaymentDto,
  ) {
    super();
  }
}

export class CapturePaymentCommand extends Command<Answer<ShownPayment>> {
  constructor(
    readonly context: CommandContext,
    readonly paymentId: string,
    readonly body: CapturePaymentDto,
  ) {
    super();
  }
}

export class CancelPaymentCommand extends Command<Answer<ShownPayment>> {
  constructor(
    readonly context: CommandContext,
    readonly paymentId: string,
    readonly body: CancelPaymentDto,
  ) {
    super();
  }
}

/** Answered with the payment; the refund in it has the id `refundIdOf(context)`. */
export class RefundPaymentCommand extends Command<Answer<ShownPayment>> {
  constructor(
    readonly context: CommandContext,
    readonly paymentId: string,
    readonly body: RefundPaymentDto,
  ) {
    super();
  }
}
