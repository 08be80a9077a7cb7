import {
  AttachPaymentMethodCommand,
  AttachPaymentMethodDto,
  CreateCustomerCommand,
  CreateCustomerDto,
  DetachPaymentMethodCommand,
  DetachPaymentMethodDto,
  SetDefaultPaymentMethodCommand,
  SetDefaultPaymentMethodDto,
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
import { Id, notFound } from '../http/identifier.js';
import { ProblemError } from '../http/problem.js';
import { ReadPosition } from '../http/read-position.js';
import { Answers, AnswersCommand, AnswersPage } from '../openapi/decorators.js';
import { CustomerByEmail } from './customer-by-email.js';
import { PersonalData } from './personal-data.js';
import { PresentState } from './present-state.js';
import { CustomersQuery, ListQuery } from './queries.js';

@ApiTags('Customers')
@Controller('v1/customers')
export class CustomersController {
  constructor(
    private readonly gate: CommandGate,
    private readonly pool: Pool,
    private readonly readPosition: ReadPosition,
    private readonly present: PresentState,
    private readonly personal: PersonalData,
    private readonly byEmail: CustomerByEmail,
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
    const chosen = await this.present.defaultPaymentMethodOf(caller.tenantId, id);
    return this.personal.paymentMethod(caller.tenantId, answer.state, chosen);
  }

  /** Chooses which of its payment methods the customer is offered first. Nothing is charged by default: a payment names what it charges. */
  @Post(':id/default-payment-method')
  @AnswersCommand('Customer', 200)
  async setDefault(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('customer') id: string,
    @Body() body: SetDefaultPaymentMethodDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CustomerView> {
    const context = await this.gate.contextOf(request, caller, body);
    const answer = await this.gate.execute(new SetDefaultPaymentMethodCommand(context, id, body));
    describe(reply, answer, 200);
    return this.personal.customer(caller.tenantId, answer.state);
  }

  @Get()
  @AnswersPage('CustomerPage')
  async list(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Query() { email, ...query }: CustomersQuery,
  ): Promise<Page<CustomerView>> {
    await this.readPosition.reached(request);
    const customerId = email === undefined ? undefined : await this.byEmail.find(tenantId, email);
    if (email !== undefined && customerId === undefined) return { data: [], nextCursor: null };
    const { data, nextCursor } = await listCustomers(this.pool, tenantId, {
      ...query,
      ...(customerId !== undefined && { customerId }),
    });
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
    const { defaultPaymentMethodId } = customer.value;
    const shown = data.map((method) => this.personal.paymentMethod(tenantId, method, defaultPaymentMethodId));
    return { data: await Promise.all(shown), nextCursor };
  }
}

@ApiTags('Customers')
@Controller('v1/payment-methods')
export class PaymentMethodsController {
  constructor(
    private readonly gate: CommandGate,
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
    const chosen = await this.present.defaultPaymentMethodOf(tenantId, found.value.customerId);
    return this.personal.paymentMethod(tenantId, found.value, chosen);
  }

  /** Takes a payment method from its customer, for good: it can be charged no more. Payments that are under way go on. */
  @Post(':id/detach')
  @AnswersCommand('PaymentMethod', 200)
  async detach(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('payment_method') id: string,
    @Body() body: DetachPaymentMethodDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentMethodView> {
    const { tenantId } = caller;
    const context = await this.gate.contextOf(request, caller, body);
    const answer = await this.gate.execute(new DetachPaymentMethodCommand(context, id, body));
    if (answer.settledBy?.type === 'PaymentMethodDetachFailed') {
      const detail = 'the processor refused to detach this payment method; it can be charged as before';
      throw new ProblemError(409, 'detach_failed', detail, { paymentMethodId: id }, answerHeaders(answer));
    }
    describe(reply, answer, 200);
    const chosen = await this.present.defaultPaymentMethodOf(tenantId, answer.state.customerId);
    return this.personal.paymentMethod(tenantId, answer.state, chosen);
  }
}
