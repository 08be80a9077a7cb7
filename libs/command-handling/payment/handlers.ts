import { assertCustomerExists } from '#domain/customer';
import { assertChargeable, parseCurrency } from '#domain/money';
import type { Payment, PaymentCommand } from '#domain/payment';
import { decide, methodOfLatest } from '#domain/payment';
import { assertChargeableMethod } from '#domain/payment-method';
import type { ShownPayment } from '#projections/payments';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandHandler } from '@nestjs/cqrs';

import { customers, paymentMethods, payments } from '../aggregates.js';
import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import { CommandExecutor } from '../executor.js';
import { idFrom } from '../idempotency.js';
import { InvalidInput } from '../intake/index.js';
import { ProcessorTokens } from '../payment-method/index.js';
import { finishOf } from './action.js';
import {
  CancelPaymentCommand,
  CapturePaymentCommand,
  ConfirmPaymentCommand,
  CreatePaymentCommand,
  RefundPaymentCommand,
} from './commands.js';
import { presentationTask } from './presentation.js';

/** The id of the refund that a RefundPaymentCommand with this context makes. */
export const refundIdOf = (context: CommandContext): string => idFrom(context.commandId, 'refund');

/** What all commands on one payment share: the stream, the fold, and the rule that a method must be the customer's own. */
abstract class PaymentHandler {
  constructor(protected readonly executor: CommandExecutor) {}

  protected on(
    context: CommandContext,
    paymentId: string,
    command: PaymentCommand | ((payment: Payment) => PaymentCommand),
    requires?: () => Promise<void>,
  ): Promise<Answer<ShownPayment>> {
    return this.executor.execute({
      context,
      aggregate: payments,
      id: paymentId,
      decide: (payment) => decide(typeof command === 'function' ? command(payment) : command, payment),
      requires,
    });
  }

  /** Throws PaymentMethodNotFound or PaymentMethodNotAttached unless the method can be charged for the customer. */
  protected async assertChargeable(tenantId: string, customerId: string, paymentMethodId: string): Promise<void> {
    const method = await this.executor.load(tenantId, paymentMethods, paymentMethodId);
    assertChargeableMethod(method, customerId);
  }
}

@CommandHandler(CreatePaymentCommand)
export class CreatePaymentHandler extends PaymentHandler implements ICommandHandler<CreatePaymentCommand> {
  constructor(executor: CommandExecutor) {
    super(executor);
  }

  execute({ context, body }: CreatePaymentCommand): Promise<Answer<ShownPayment>> {
    const { customerId, paymentMethodId, amount } = body;
    const currency = parseCurrency(body.currency);
    assertChargeable(amount, currency); // before anything is looked up: an amount that is wrong is wrong for everybody
    const paymentId = idFrom(context.commandId, 'payment');
    const command: PaymentCommand = {
      type: 'CreatePayment',
      paymentId,
      customerId,
      amount,
      currency,
      captureMethod: body.captureMethod ?? 'automatic',
      orderId: body.orderId,
      paymentMethodId,
      at: context.at,
    };
    return this.on(context, paymentId, command, () =>
      paymentMethodId === undefined
        ? this.#assertCustomer(context.tenantId, customerId)
        : this.assertChargeable(context.tenantId, customerId, paymentMethodId),
    );
  }

  async #assertCustomer(tenantId: string, customerId: string): Promise<void> {
    assertCustomerExists(await this.executor.load(tenantId, customers, customerId));
  }
}

@CommandHandler(ConfirmPaymentCommand)
export class ConfirmPaymentHandler extends PaymentHandler implements ICommandHandler<ConfirmPaymentCommand> {
  constructor(
    executor: CommandExecutor,
    private readonly tokens: ProcessorTokens,
  ) {
    super(executor);
  }

  async execute({ context, paymentId, body }: ConfirmPaymentCommand): Promise<Answer<ShownPayment>> {
    const { paymentMethodId, confirmationToken } = body;
    if (confirmationToken !== undefined) {
      if (paymentMethodId !== undefined) throw oneOfTwo();
      return this.executor.execute(presentationTask(this.tokens, context, paymentId, { confirmationToken }));
    }
    const confirm: PaymentCommand = { type: 'ConfirmPayment', paymentMethodId, at: context.at };
    // With nothing new to charge it is the attempt that is confirmed again, where its payer has finished.
    const commandFor = (payment: Payment) =>
      (paymentMethodId === undefined ? finishOf(context, payment) : undefined) ?? confirm;
    return this.on(context, paymentId, commandFor, async () => {
      const payment = await this.executor.load(context.tenantId, payments, paymentId);
      const method = paymentMethodId ?? methodOfLatest(payment);
      // A payment that does not exist, or has no method yet, is refused by the decision, with its own reason.
      if (payment.paymentId !== '' && method !== undefined)
        await this.assertChargeable(context.tenantId, payment.customerId, method);
    });
  }
}

const oneOfTwo = (): InvalidInput =>
  new InvalidInput(
    'invalid',
    'payment_method_ambiguous',
    'send a paymentMethodId or a confirmationToken, not both',
    'confirmationToken',
  );

@CommandHandler(CapturePaymentCommand)
export class CapturePaymentHandler extends PaymentHandler implements ICommandHandler<CapturePaymentCommand> {
  constructor(executor: CommandExecutor) {
    super(executor);
  }

  execute({ context, paymentId, body: { amount, final } }: CapturePaymentCommand): Promise<Answer<ShownPayment>> {
    const captureId = idFrom(context.commandId, 'capture');
    return this.on(context, paymentId, { type: 'CapturePayment', captureId, amount, final, at: context.at });
  }
}

@CommandHandler(CancelPaymentCommand)
export class CancelPaymentHandler extends PaymentHandler implements ICommandHandler<CancelPaymentCommand> {
  constructor(executor: CommandExecutor) {
    super(executor);
  }

  execute({ context, paymentId, body: { reason } }: CancelPaymentCommand): Promise<Answer<ShownPayment>> {
    const cancelId = idFrom(context.commandId, 'cancel');
    return this.on(context, paymentId, { type: 'CancelPayment', cancelId, reason, at: context.at });
  }
}

@CommandHandler(RefundPaymentCommand)
export class RefundPaymentHandler extends PaymentHandler implements ICommandHandler<RefundPaymentCommand> {
  constructor(executor: CommandExecutor) {
    super(executor);
  }

  execute({ context, paymentId, body: { amount, reason } }: RefundPaymentCommand): Promise<Answer<ShownPayment>> {
    const refundId = refundIdOf(context);
    return this.on(context, paymentId, { type: 'RefundPayment', refundId, amount, reason, at: context.at });
  }
}
