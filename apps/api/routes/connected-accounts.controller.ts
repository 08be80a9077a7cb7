import { LinkConnectedAccountCommand, LinkConnectedAccountDto } from '#command-handling';
import type { ConnectedAccount } from '#domain/connected-account';
import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { CommandGate, describe } from '../http/command-gate.js';
import { Id, notFound } from '../http/identifier.js';
import { ReadPosition } from '../http/read-position.js';
import { Answers, AnswersCommand } from '../openapi/decorators.js';
import { PresentState } from './present-state.js';

/** An account at the processor that is linked to the tenant, as the outside sees it. */
interface ConnectedAccountView {
  id: string;
  processorAccountId: string;
  /** Null until the gateway has looked. */
  standing: {
    chargesEnabled: boolean;
    payoutsEnabled: boolean;
    detailsSubmitted: boolean;
    requirementsDue: readonly string[];
    disabledReason: string | null;
  } | null;
  createdAt: string;
}

@ApiTags('Connected accounts')
@Controller('v1/connected-accounts')
export class ConnectedAccountsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly readPosition: ReadPosition,
    private readonly present: PresentState,
  ) {}

  /**
   * Links an account at the processor to the tenant, for good: its payouts are the tenant's from then on. Where it is linked already, the
   * link is answered (200) as it is; where another tenant has it: 409 `connected_account_already_linked`.
   */
  @Post()
  @AnswersCommand('ConnectedAccount', 201, { alsoExisting: true })
  async link(
    @Req() request: FastifyRequest,
    @FromCaller() caller: Caller,
    @Body() body: LinkConnectedAccountDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConnectedAccountView> {
    const context = await this.gate.contextOf(request, caller, body);
    const answer = await this.gate.execute(new LinkConnectedAccountCommand(context, body));
    const location = `/v1/connected-accounts/${answer.state.connectedAccountId}`;
    describe(reply, answer, answer.existing ? 200 : 201, location);
    return shown(answer.state);
  }

  @Get(':id')
  @Answers('ConnectedAccount')
  async get(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Id('connected_account') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ConnectedAccountView> {
    await this.readPosition.reached(request);
    const found = await this.present.connectedAccount(tenantId, id);
    if (!found) throw notFound('connected_account', id);
    reply.header('etag', `"${found.version}"`);
    return shown(found.value);
  }
}

const shown = ({
  connectedAccountId,
  processorAccountId,
  standing,
  linkedAt,
}: ConnectedAccount): ConnectedAccountView => ({
  id: connectedAccountId,
  processorAccountId,
  standing: standing ? { ...standing, disabledReason: standing.disabledReason ?? null } : null,
  createdAt: linkedAt,
});
