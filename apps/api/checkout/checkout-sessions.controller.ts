import type { CheckoutPaymentStatus, CheckoutStanding } from '#command-handling';
import {
  CommandExecutor,
  CreateCheckoutSessionCommand,
  CreateCheckoutSessionDto,
  ExpireCheckoutSessionCommand,
  checkoutStanding,
  paymentStatusOf,
  standingStatusOf,
} from '#command-handling';
import type { CheckoutMethodKind, CheckoutMode, CheckoutStatus } from '#domain/checkout-session';
import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { CommandGate, describe } from '../http/command-gate.js';
import { Id, notFound } from '../http/identifier.js';
import { ProblemError } from '../http/problem.js';
import { CheckoutSessionBody } from '../openapi/checkout-examples.js';
import { AnswersAtOnce, AnswersCommand } from '../openapi/decorators.js';
import { CheckoutLinks } from './links.js';
import { CheckoutPages } from './pages.js';
import { CheckoutSite } from './site.js';

/** A checkout session as the outside sees it. Times are RFC 3339. */
export interface CheckoutSessionView {
  id: string;
  mode: CheckoutMode;
  status: CheckoutStatus;
  paymentStatus: CheckoutPaymentStatus | null;
  url: string | null;
  customerId: string;
  paymentId: string | null;
  setupIntentId: string | null;
  paymentMethodTypes: readonly CheckoutMethodKind[];
  successUrl: string | null;
  cancelUrl: string | null;
  expiresAt: string;
  createdAt: string;
}

/**
 * Until then after its end a session is not told to have expired by the clock alone: what a payer has sent in its last moment is in the log
 * by then, and shows that it is in flight.
 */
const lastMomentMs = 30_000;

@ApiTags('Checkout')
@Controller('v1/checkout-sessions')
export class CheckoutSessionsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly executor: CommandExecutor,
    private readonly links: CheckoutLinks,
    private readonly pages: CheckoutPages,
    private readonly site: CheckoutSite,
  ) {}

  /** Creates a page on which a payer pays, or saves a payment method. */
  @Post()
  @CheckoutSessionBody()
  @AnswersCommand('CheckoutSession', 201)
  async create(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Body() body: CreateCheckoutSessionDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CheckoutSessionView> {
    void this.site.publishableKey; // a page that nobody could pay on is not made
    this.site.assertReturn('successUrl', body.successUrl);
    this.site.assertReturn('cancelUrl', body.cancelUrl);
    const context = await this.gate.contextOf(request, caller, body);
    const answer = await this.gate.execute(new CreateCheckoutSessionCommand(context, body));
    const { checkoutSessionId } = answer.state;
    describe(reply, answer, 201, `/v1/checkout-sessions/${checkoutSessionId}`);
    return this.#shown(caller, checkoutSessionId);
  }

  /** Closes a checkout session before its time. */
  @Post(':id/expire')
  @AnswersCommand('CheckoutSession', 200)
  async expire(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('checkout_session') id: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CheckoutSessionView> {
    assertEmpty(body);
    const context = await this.gate.contextOf(request, caller, {});
    const answer = await this.gate.execute(new ExpireCheckoutSessionCommand(context, id));
    describe(reply, answer, 200);
    return this.#shown(caller, id);
  }

  @Get(':id')
  @AnswersAtOnce('CheckoutSession')
  async get(@FromCaller() caller: Caller, @Id('checkout_session') id: string): Promise<CheckoutSessionView> {
    return this.#shown(caller, id);
  }

  async #shown(caller: Caller, id: string): Promise<CheckoutSessionView> {
    const standing = await checkoutStanding(this.executor, caller.tenantId, id);
    if (!standing) throw notFound('checkout_session', id);
    return this.#viewOf(caller, standing);
  }

  /** With the link, which is as good as the payer's own consent to be charged, for those who could have made the session themselves. */
  async #viewOf({ tenantId, principal }: Caller, standing: CheckoutStanding): Promise<CheckoutSessionView> {
    const { session } = standing;
    const { checkoutSessionId, mode, customerId, paymentId, setupIntentId, methodKinds, expiresAt, createdAt } =
      session;
    const now = Date.now();
    const status = standingStatusOf(standing, new Date(now - lastMomentMs).toISOString());
    const isReachable = standingStatusOf(standing, new Date(now).toISOString()) === 'open';
    const [token, { successUrl, cancelUrl }] = await Promise.all([
      this.links.tokenOf({ tenantId, checkoutSessionId }),
      this.pages.returnsOf(tenantId, session),
    ]);
    return {
      id: checkoutSessionId,
      mode,
      status,
      paymentStatus: paymentStatusOf(standing),
      url: isReachable && principal.scopes.has('billing:write') ? this.site.urlOf(token) : null,
      customerId,
      paymentId: paymentId ?? null,
      setupIntentId: setupIntentId ?? null,
      paymentMethodTypes: methodKinds,
      successUrl: successUrl ?? null,
      cancelUrl: cancelUrl ?? null,
      expiresAt,
      createdAt,
    };
  }
}

/** Throws ProblemError 400 for a body with any field: nothing of it would be heard. */
const assertEmpty = (body: unknown): void => {
  const [field] = typeof body === 'object' && body !== null ? Object.keys(body) : [];
  if (field === undefined) return;
  const name = field.slice(0, 100);
  throw new ProblemError(400, 'unknown_field', `${name} is not a field of this request; remove it`, { field: name });
};
