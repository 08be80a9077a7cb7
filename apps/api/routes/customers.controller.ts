import {
  AttachPaymentMethodCommand,
  AttachPaymentMethodDto,
  CreateCustomerCommand,
  CreateCustomerDto,
} from '#command-handling';
import type { CustomerView, Page, PaymentMethodView } from '#projections';
import { listCustomers, listPaymentMethods } from '#projections';
import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Pool } from 'pg';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { CommandGate, answerHeaders, describe } from '../http/command-gate.js';
import { ProblemError } from '../http/problem.js';
import { ReadPosition } from '../http/read-position.js';
import { Answers, AnswersCommand, AnswersPage } from '../openapi/decorators.js';
import { Id, notFound } from './identifier.js';
import { PersonalData } from './personal-data.js';
import { PresentState } from './present-state.js';
import { ListQuery } from './queries.js';

@ApiTags('Customers')
@Controller('v1/customers')
export class CustomersController {
  constructor(
    private readonly gate: CommandGate,
    private readonly pool: Pool,
    private readonly readPosition: ReadPosition,
    private readonly present: PresentState,
    private readonly personal: PersonalData,
  ) {}

  /** Creates a customer. A tenant has one for an email: where there is one already, it is answered (200) as it is. */
  @Post()
  @AnswersCommand('Customer', 201, { alsoExisting: true })
  async create(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Body() body: CreateCustomerDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CustomerView> {
    const context = await this.gate.contextOf(request, caller, body);
    const answer = await this.gate.execute(new CreateCustomerCommand(context, body));
    describe(reply, answer, answer.existing ? 200 : 201, `/v1/customers/${answer.state.customerId}`);
    return this.personal.customer(caller.tenantId, answer.state);
  }

  /** Attaches a payment method by the processor's token. A card that the processor declines is refused: 422 `card_declined`. */
  @Post(':id/payment-methods')
  @AnswersCommand('PaymentMethod', 201)
  async attach(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('customer') id: string,
    @Body() body: AttachPaymentMethodDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentMethodView> {
    const context = await this.gate.contextOf(request, caller, body);
    const answer = await this.gate.execute(new AttachPaymentMethodCommand(context, id, body));
    const { attachment, paymentMethodId } = answer.state;
    if (attachment.phase === 'failed') {
      const { code, declineCode } = attachment;
      const detail = 'the processor refused this payment method; ask the payer for another';
      throw new ProblemError(422, code, detail, { declineCode, paymentMethodId }, answerHeaders(answer));
    }
    describe(reply, answer, 201, `/v1/payment-methods/${paymentMethodId}`);
    return this.personal.paymentMethod(caller.tenantId, answer.state);
  }

  @Get()
  @AnswersPage('CustomerPage')
  async list(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Query() query: ListQuery,
  ): Promise<Page<CustomerView>> {
    await this.readPosition.reached(request);
    const { data, nextCursor } = await listCustomers(this.pool, tenantId, query);
    return { data: await Promise.all(data.map((customer) => this.personal.customer(tenantId, customer))), nextCursor };
  }

  @Get(':id')
  @Answers('Customer')
  async get(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Id('customer') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CustomerView> {
    await this.readPosition.reached(request);
    const found = await this.present.customer(tenantId, id);
    if (!found) throw notFound('customer', id);
    reply.header('etag', `"${found.version}"`);
    return this.personal.customer(tenantId, found.value);
  }

  @Get(':id/payment-methods')
  @AnswersPage('PaymentMethodPage')
  async paymentMethods(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Id('customer') id: string,
    @Query() query: ListQuery,
  ): Promise<Page<PaymentMethodView>> {
    await this.readPosition.reached(request);
    const [customer, { data, nextCursor }] = await Promise.all([
      this.present.customer(tenantId, id),
      listPaymentMethods(this.pool, tenantId, { ...query, customerId: id }),
    ]);
    if (!customer) throw notFound('customer', id);
    return { data: await Promise.all(data.map((method) => this.personal.paymentMethod(tenantId, method))), nextCursor };
  }
}

@ApiTags('Customers')
@Controller('v1/payment-methods')
export class PaymentMethodsController {
  constructor(
    private readonly readPosition: ReadPosition,
    private readonly present: PresentState,
    private readonly personal: PersonalData,
  ) {}

  @Get(':id')
  @Answers('PaymentMethod')
  async get(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Id('payment_method') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentMethodView> {
    await this.readPosition.reached(request);
    const found = await this.present.paymentMethod(tenantId, id);
    if (!found) throw notFound('payment_method', id);
    reply.header('etag', `"${found.version}"`);
    return this.personal.paymentMethod(tenantId, found.value);
  }
}
