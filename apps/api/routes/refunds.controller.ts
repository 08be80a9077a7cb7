import type { Page, RefundView } from '#projections';
import { getRefund, listRefunds } from '#projections';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Pool } from 'pg';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { Id, notFound } from '../http/identifier.js';
import { ReadPosition } from '../http/read-position.js';
import { Answers, AnswersPage } from '../openapi/decorators.js';
import { RefundsQuery } from './queries.js';

@ApiTags('Refunds')
@Controller('v1/refunds')
export class RefundsController {
  constructor(
    private readonly pool: Pool,
    private readonly readPosition: ReadPosition,
  ) {}

  @Get()
  @AnswersPage('RefundPage')
  async list(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Query() query: RefundsQuery,
  ): Promise<Page<RefundView>> {
    await this.readPosition.reached(request);
    return listRefunds(this.pool, tenantId, query);
  }

  @Get(':id')
  @Answers('Refund')
  async get(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Id('refund') id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RefundView> {
    await this.readPosition.reached(request);
    const found = await getRefund(this.pool, tenantId, id);
    if (!found) throw notFound('refund', id);
    reply.header('etag', `"${found.version}"`);
    return found.value;
  }
}
