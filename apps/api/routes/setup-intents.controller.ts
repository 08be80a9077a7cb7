import { CreateSetupIntentCommand, CreateSetupIntentDto } from '#command-handling';
import type { SetupIntent } from '#domain/setup-intent';
import { setupIntentStatusOf } from '#domain/setup-intent';
import { onlyAttempt } from '#keys';
import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { CommandGate, answerHeaders, describe } from '../http/command-gate.js';
import { Id, notFound } from '../http/identifier.js';
import { ProblemError } from '../http/problem.js';
import { ReadPosition } from '../http/read-position.js';
import { Answers, AnswersCommand } from '../openapi/decorators.js';
import { ClientSecrets } from '../vault/client-secrets.js';
import { PresentState } from './present-state.js';
import type { SetupIntentView } from './setup-intent-view.js';
import { awaitsPayer, setupIntentView } from './setup-intent-view.js';

@ApiTags('Customers')
@Controller('v1/setup-intents')
export class SetupIntentsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly readPosition: ReadPosition,
    private readonly present: PresentState,
    private readonly secrets: ClientSecrets,
  ) {}

  /** Sets a payment method up for a customer. What the processor does not even take is refused: 422 with its code. */
  @Post()
  @AnswersCommand('SetupIntent', 201)
  async create(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Body() body: CreateSetupIntentDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SetupIntentView> {
    const context = await this.gate.contextOf(request, caller, body);
    const answer = await this.gate.execute(new CreateSetupIntentCommand(context, body));
    const { stage, setupIntentId } = answer.state;
    if (stage.phase === 'failed' && setupIntentStatusOf(answer.state) === 'canceled') {
      const { code, declineCode } = stage;
      const detail = 'the processor refused this setup; ask the payer to give the payment method anew';
      throw new ProblemError(422, code, detail, { declineCode, setupIntentId }, answerHeaders(answer));
    }
    describe(reply, answer, 201, `/v1/setup-intents/${setupIntentId}`);
    return this.#shown(caller, answer.state);
  }

  @Get(':id')
  @Answers('SetupIntent')
  async get(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('setup_intent') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SetupIntentView> {
    await this.readPosition.reached(request);
    const found = await this.present.setupIntent(caller.tenantId, id);
    if (!found) throw notFound('setup_intent', id);
    reply.header('etag', `"${found.version}"`);
    return this.#shown(caller, found.value);
  }

  /** With what the payer's browser goes on with, for those who could have made the setup themselves. */
  async #shown({ tenantId, principal }: Caller, intent: SetupIntent): Promise<SetupIntentView> {
    const isForPayer = awaitsPayer(intent) && principal.scopes.has('billing:write');
    const secret = isForPayer ? await this.secrets.open(tenantId, intent.setupIntentId, onlyAttempt) : undefined;
    return setupIntentView(intent, secret?.clientSecret);
  }
}
