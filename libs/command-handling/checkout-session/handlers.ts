import type { CheckoutSession, CheckoutSessionEvent } from '#domain/checkout-session';
import { CheckoutSessionClosed, CheckoutSessionNotFound, decideCheckoutSession } from '#domain/checkout-session';
import { assertCustomerExists } from '#domain/customer';
import { decide } from '#domain/payment';
import { Keys } from '#keys';
import type { ICommandHandler } from '@nestjs/cqrs';
import { CommandBus, CommandHandler } from '@nestjs/cqrs';

import { checkoutSessions, customers, payments } from '../aggregates.js';
import type { CommandContext } from '../context.js';
import type { Answer } from '../executor.js';
import { CommandExecutor } from '../executor.js';
import { idFrom } from '../idempotency.js';
import { ProcessorTokens } from '../payment-method/index.js';
import { finishOf, presentationTask } from '../payment/index.js';
import { CreateSetupIntentCommand, setupIntentIdOf } from '../setup-intent/index.js';
import {
  ConfirmCheckoutSessionCommand,
  CreateCheckoutSessionCommand,
  FinishCheckoutActionCommand,
} from './commands.js';
import { checkoutMinutes } from './dto.js';
import type { CheckoutReturns } from './returns.js';
import { returnsPlaceOf } from './returns.js';
import { SetupUnderWay } from './setup-under-way.js';
import { stepOf } from './step.js';
import type { CheckoutStanding } from './standing.js';
import { checkoutStanding, isSettingUp, standingStatusOf } from './standing.js';
import type { PaymentTerms } from './terms.js';
import { termsOf } from './terms.js';

const minuteMs = 60_000;

@CommandHandler(CreateCheckoutSessionCommand)
export class CreateCheckoutSessionHandler implements ICommandHandler<CreateCheckoutSessionCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly keys: Keys,
  ) {}

  async execute({ context, body }: CreateCheckoutSessionCommand): Promise<Answer<CheckoutSession>> {
    const { tenantId, commandId, at } = context;
    const { mode, customerId, successUrl, cancelUrl, expiresInMinutes = checkoutMinutes.default } = body;
    const { payment, methodKinds } = termsOf(body);
    const checkoutSessionId = idFrom(commandId, 'checkout_session');
    const paymentId = payment && idFrom(commandId, 'payment');
    const returns = await this.#sealed(tenantId, checkoutSessionId, customerId, { successUrl, cancelUrl });
    const command = {
      type: 'CreateCheckoutSession',
      ...{ checkoutSessionId, mode, customerId, methodKinds, at },
      ...(paymentId !== undefined && { paymentId }),
      ...(returns !== undefined && { returns }),
      expiresAt: new Date(Date.parse(at) + expiresInMinutes * minuteMs).toISOString(),
    } as const;
    return this.executor.execute<CheckoutSession, CheckoutSessionEvent>({
      context,
      aggregate: checkoutSessions,
      id: checkoutSessionId,
      decide: (session) => decideCheckoutSession(command, session),
      requires: async () => {
        assertCustomerExists(await this.executor.load(tenantId, customers, customerId));
      },
      // The payment first: a session names one that is there. A repeat after a crash in between finds it made.
      reserves: async () => {
        if (payment && paymentId !== undefined) await this.#createPayment(context, paymentId, customerId, payment);
      },
    });
  }

  async #createPayment(
    context: CommandContext,
    paymentId: string,
    customerId: string,
    terms: PaymentTerms,
  ): Promise<void> {
    const { at } = context;
    await this.executor.execute({
      context: stepOf(context, 'create payment'),
      aggregate: payments,
      id: paymentId,
      decide: (payment) => decide({ type: 'CreatePayment', paymentId, customerId, ...terms, at }, payment),
    });
  }

  async #sealed(
    tenantId: string,
    checkoutSessionId: string,
    customerId: string,
    { successUrl, cancelUrl }: CheckoutReturns,
  ): Promise<string | undefined> {
    if (successUrl === undefined && cancelUrl === undefined) return undefined;
    const place = returnsPlaceOf(tenantId, { checkoutSessionId, customerId });
    return this.keys.sealPersonal(place, JSON.stringify({ successUrl, cancelUrl }));
  }
}

/**
 * What was presented while the session was open is finished also once that is over. Where there is nothing to finish, because another tab
 * was faster or the processor has told already, nothing changes.
 */
@CommandHandler(FinishCheckoutActionCommand)
export class FinishCheckoutActionHandler implements ICommandHandler<FinishCheckoutActionCommand> {
  constructor(private readonly executor: CommandExecutor) {}

  async execute({ context, checkoutSessionId }: FinishCheckoutActionCommand): Promise<CheckoutStanding> {
    const standing = await checkoutStanding(this.executor, context.tenantId, checkoutSessionId);
    if (!standing) throw new CheckoutSessionNotFound();
    const { session, payment } = standing;
    // The processor goes on by itself with what is only set up: nothing is charged.
    if (!payment) return standing;
    const { state } = await this.executor.execute({
      context,
      aggregate: payments,
      id: payment.paymentId,
      decide: (now) => {
        const command = finishOf(context, now);
        return command ? decide(command, now) : [];
      },
    });
    return { session, payment: state };
  }
}

@CommandHandler(ConfirmCheckoutSessionCommand)
export class ConfirmCheckoutSessionHandler implements ICommandHandler<ConfirmCheckoutSessionCommand> {
  constructor(
    private readonly executor: CommandExecutor,
    private readonly tokens: ProcessorTokens,
    private readonly bus: CommandBus,
  ) {}

  async execute(command: ConfirmCheckoutSessionCommand): Promise<CheckoutStanding> {
    const { context, checkoutSessionId } = command;
    const session = await this.executor.load(context.tenantId, checkoutSessions, checkoutSessionId);
    if (session.checkoutSessionId === '') throw new CheckoutSessionNotFound();
    return session.mode === 'payment' ? this.#pay(command, session) : this.#setUp(command, session);
  }

  async #pay(
    { context, confirmationToken }: ConfirmCheckoutSessionCommand,
    session: CheckoutSession,
  ): Promise<CheckoutStanding> {
    const { paymentId = '', methodKinds } = session;
    const { state, replayed } = await this.executor.execute(
      presentationTask(this.tokens, context, paymentId, { confirmationToken, methodKinds }, async () => {
        await this.#assertOpen(context, session);
      }),
    );
    return replayed ? this.#now(context, session) : { session, payment: state };
  }

  /** Names the setup in the session first, so that of two tabs one goes on. */
  async #setUp(
    { context, confirmationToken }: ConfirmCheckoutSessionCommand,
    session: CheckoutSession,
  ): Promise<CheckoutStanding> {
    const { at } = context;
    const { customerId, methodKinds, checkoutSessionId } = session;
    const setupIntentId = setupIntentIdOf(context.commandId);
    let before: string | undefined;
    const { replayed } = await this.executor.execute({
      context: stepOf(context, 'start setup'),
      aggregate: checkoutSessions,
      id: session.checkoutSessionId,
      decide: (now) => {
        if (now.setupIntentId !== before) throw new SetupUnderWay(session.checkoutSessionId);
        return decideCheckoutSession({ type: 'StartCheckoutSetup', setupIntentId, at }, now);
      },
      requires: async () => {
        const standing = await this.#assertOpen(context, session);
        if (isSettingUp(standing, at)) throw new SetupUnderWay(session.checkoutSessionId);
        before = standing.session.setupIntentId;
      },
    });
    if (replayed) {
      const standing = await this.#now(context, session);
      if (standing.session.setupIntentId !== setupIntentId) return standing;
      // Whoever named it has died before it was made: it is made only while the session is still open, and still means this one.
      if (!standing.setup) await this.#assertOpen(context, session);
    }
    const body = { customerId, paymentMethodTypes: [...methodKinds], confirmationToken };
    const made = await this.bus.execute<CreateSetupIntentCommand, Answer<NonNullable<CheckoutStanding['setup']>>>(
      new CreateSetupIntentCommand(context, body, checkoutSessionId),
    );
    return made.replayed ? this.#now(context, session) : { session: { ...session, setupIntentId }, setup: made.state };
  }

  /** What the payer is told who asks again: how it stands by now, which may be other than the first time. */
  async #now({ tenantId }: CommandContext, session: CheckoutSession): Promise<CheckoutStanding> {
    return (await checkoutStanding(this.executor, tenantId, session.checkoutSessionId)) ?? { session };
  }

  async #assertOpen(context: CommandContext, session: CheckoutSession): Promise<CheckoutStanding> {
    const { at } = context;
    const standing = await this.#now(context, session);
    const status = standingStatusOf(standing, at);
    if (status !== 'open') throw new CheckoutSessionClosed(session, status);
    return standing;
  }
}
