import type { CheckoutSession } from '#domain/checkout-session';
import { Command } from '@nestjs/cqrs';

import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import type { CreateCheckoutSessionDto } from './dto.js';
import type { CheckoutStanding } from './standing.js';

export class CreateCheckoutSessionCommand extends Command<Answer<CheckoutSession>> {
  constructor(
    readonly context: CommandContext,
    readonly body: CreateCheckoutSessionDto,
  ) {
    super();
  }
}

export class ExpireCheckoutSessionCommand extends Command<Answer<CheckoutSession>> {
  constructor(
    readonly context: CommandContext,
    readonly checkoutSessionId: string,
  ) {
    super();
  }
}

/** The payer has done what their bank asked, as their browser says. Answered with how it stands then. */
export class FinishCheckoutActionCommand extends Command<CheckoutStanding> {
  constructor(
    readonly context: CommandContext,
    readonly checkoutSessionId: string,
  ) {
    super();
  }
}

/** The payer pays, or leaves a payment method, with a confirmation token. Answered with how it stands then. */
export class ConfirmCheckoutSessionCommand extends Command<CheckoutStanding> {
  constructor(
    readonly context: CommandContext,
    readonly checkoutSessionId: string,
    readonly confirmationToken: string,
  ) {
    super();
  }
}
