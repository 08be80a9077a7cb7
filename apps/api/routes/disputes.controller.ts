import type { Answer } from '#command-handling';
import { SubmitDisputeEvidenceCommand, SubmitDisputeEvidenceDto } from '#command-handling';
import type { DisputeView, DisputedPayment, Page } from '#projections';
import { disputeOf, disputeView, getDispute, listDisputes } from '#projections';
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
import { DisputesQuery } from './queries.js';

@ApiTags('Disputes')
@Controller('v1/disputes')
export class DisputesController {
  constructor(
    private readonly gate: CommandGate,
    private readonly pool: Pool,
    private readonly readPosition: ReadPosition,
  ) {}

  /**
   * Sends evidence to the processor and, unless it is only staged, to the bank, which is final. It is sealed until then, and no answer,
   * event or log shows it. Staged evidence can be added to until it is due.
   */
  @Post(':id/evidence')
  @AnswersCommand('Dispute', 200)
  async submitEvidence(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Id('dispute') id: string,
    @Body() body: SubmitDisputeEvidenceDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DisputeView> {
    const context = await this.gate.contextOf(request, caller, body);
    return shown(reply, id, await this.gate.execute(new SubmitDisputeEvidenceCommand(context, id, body)));
  }

  @Get()
  @AnswersPage('DisputePage')
  async list(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Query() query: DisputesQuery,
  ): Promise<Page<DisputeView>> {
    await this.readPosition.reached(request);
    return listDisputes(this.pool, tenantId, query);
  }

  @Get(':id')
  @Answers('Dispute')
  async get(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Id('dispute') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DisputeView> {
    await this.readPosition.reached(request);
    const found = await getDispute(this.pool, tenantId, id);
    if (!found) throw notFound('dispute', id);
    reply.header('etag', `"${found.version}"`);
    return found.value;
  }
}

/** The dispute that evidence was sent for. What the processor refused is a problem, with the processor's own code. */
const shown = (reply: FastifyReply, id: string, answer: Answer<DisputedPayment>): DisputeView => {
  const event = answer.settledBy?.event as { type?: string; code?: string } | undefined;
  if (event?.type === 'DisputeEvidenceFailed') {
    const detail = 'the processor did not take the evidence; read the dispute to see how it stands';
    throw new ProblemError(422, 'evidence_failed', detail, { processorCode: event.code }, answerHeaders(answer));
  }
  const dispute = disputeOf(answer.state, id);
  if (!dispute) throw new Error(`dispute ${id} is not in its payment`);
  describe(reply, answer, 200);
  return disputeView(dispute);
};
