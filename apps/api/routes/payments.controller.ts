import type { Answer, RefundPaymentCommand as Refund } from '#command-handling';
import {
  CancelPaymentCommand,
  CancelPaymentDto,
  CapturePaymentCommand,
  CapturePaymentDto,
  ConfirmPaymentCommand,
  ConfirmPaymentDto,
  CreatePaymentCommand,
  CreatePaymentDto,
  RefundPaymentCommand,
  RefundPaymentDto,
  refundIdOf,
} from '#command-handling';
import { latestAttempt } from '#domain/payment';
import type { Page, PaymentView, RefundView, ShownPayment } from '#projections';
import { listPayments, paymentView, refundOf, refundView } from '#projections';
import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Pool } from 'pg';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { CommandGate, answerHeaders, describe } from '../http/command-gate.js';
import { Id, notFound } from '../http/identifier.js';
import { ProblemError } from '../http/problem.js';
import { ReadPosition } from '../http/read-position.js';
import { Answers, AnswersAtOnce, AnswersCommand, AnswersPage, OptionalBody } from '../openapi/decorators.js';
import type { ClientSecret } from '../vault/client-secrets.js';
import { ClientSecrets } from '../vault/client-secrets.js';
import { PresentState } from './present-state.js';
import { PaymentsQuery } from './queries.js';

@ApiTags('Payments')
@Controller('v1/payments')
export class PaymentsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly pool: Pool,
    private readonly readPosition: ReadPosition,
    private readonly present: PresentState,
    private readonly secrets: ClientSecrets,
  ) {}

  /** Creates a payment and, given a payment method, charges it. A declined charge is a payment with `status: "failed"`. */
  @Post()
  @AnswersCommand('Payment', 201)
  async create(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Body() body: CreatePaymentDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentView> {
    const context = await this.gate.contextOf(request, caller, body);
    const answer = await this.gate.execute(new CreatePaymentCommand(context, body));
    describe(reply, answer, 201, `/v1/payments/${answer.state.paymentId}`);
    return paymentView(answer.state);
  }

  /** Attempts a payment, for the first time or again after a failure. */
  @Post(':id/confirm')
  @AnswersCommand('Payment', 200)
  @OptionalBody(ConfirmPaymentDto)
  async confirm(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('payment') id: string,
    @Body() body: ConfirmPaymentDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentView> {
    const context = await this.gate.contextOf(request, caller, body);
    return shown(reply, await this.gate.execute(new ConfirmPaymentCommand(context, id, body)));
  }

  /** Captures an authorized payment, in full or in part. */
  @Post(':id/capture')
  @AnswersCommand('Payment', 200)
  @OptionalBody(CapturePaymentDto)
  async capture(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('payment') id: string,
    @Body() body: CapturePaymentDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentView> {
    const context = await this.gate.contextOf(request, caller, body);
    return shown(reply, await this.gate.execute(new CapturePaymentCommand(context, id, body)));
  }

  /** Cancels a payment of which nothing is captured, and releases what is authorized. */
  @Post(':id/cancel')
  @AnswersCommand('Payment', 200)
  @OptionalBody(CancelPaymentDto)
  async cancel(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('payment') id: string,
    @Body() body: CancelPaymentDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentView> {
    const context = await this.gate.contextOf(request, caller, body);
    return shown(reply, await this.gate.execute(new CancelPaymentCommand(context, id, body)));
  }

  /** Refunds a captured payment, in full or in part. Needs a token with fresh multi-factor authentication (RFC 9470). */
  @Post(':id/refunds')
  @AnswersCommand('Refund', 201)
  @OptionalBody(RefundPaymentDto)
  async refund(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('payment') id: string,
    @Body() body: RefundPaymentDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RefundView> {
    const context = await this.gate.contextOf(request, caller, body);
    const command: Refund = new RefundPaymentCommand(context, id, body);
    const answer = await this.gate.execute(command);
    const refundId = refundIdOf(context);
    const refund = refundOf(answer.state, refundId);
    if (!refund) throw new Error(`refund ${refundId} is not in its payment`);
    describe(reply, answer, 201, `/v1/refunds/${refundId}`);
    return refundView(refund);
  }

  @Get()
  @AnswersPage('PaymentPage')
  async list(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Query() query: PaymentsQuery,
  ): Promise<Page<PaymentView>> {
    await this.readPosition.reached(request);
    return listPayments(this.pool, tenantId, query);
  }

  /** What the payer has to do next, with what their browser finishes it. */
  @Get(':id/next-action')
  @AnswersAtOnce('NextAction')
  async nextAction(
    @FromCaller() { tenantId }: Caller,
    @Id('payment') id: string,
  ): Promise<{ type: string } & ClientSecret> {
    const found = await this.present.payment(tenantId, id);
    if (!found) throw notFound('payment', id);
    const attempt = latestAttempt(found.value);
    if (attempt?.stage.phase !== 'action_required')
      throw new ProblemError(404, 'next_action_not_found', 'the payer of this payment has nothing to do');
    const secret = await this.secrets.open(tenantId, id, attempt.attempt);
    if (!secret)
      throw new ProblemError(404, 'next_action_expired', 'the payer has not done within the day what was asked');
    return { type: attempt.stage.action, ...secret };
  }

  @Get(':id')
  @Answers('Payment')
  async get(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Id('payment') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentView> {
    await this.readPosition.reached(request);
    const found = await this.present.payment(tenantId, id);
    if (!found) throw notFound('payment', id);
    reply.header('etag', `"${found.version}"`);
    return paymentView(found.value);
  }
}

/** The answer of a command on a payment. What the processor refused to do is a problem, with the processor's own code. */
const shown = (reply: FastifyReply, answer: Answer<ShownPayment>): PaymentView => {
  const event = answer.settledBy?.event as { type?: string; code?: string } | undefined;
  if (event?.type === 'CaptureFailed' || event?.type === 'CancelFailed') {
    const code = event.type === 'CaptureFailed' ? 'capture_failed' : 'cancel_failed';
    const detail = 'the processor refused; read the payment to see how it stands';
    throw new ProblemError(422, code, detail, { processorCode: event.code }, answerHeaders(answer));
  }
  describe(reply, answer, 200);
  return paymentView(answer.state);
};
