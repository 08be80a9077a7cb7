import type { BalanceView } from '#projections';
import { getBalances } from '#projections';
import { Controller, Get, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Pool } from 'pg';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { ReadPosition } from '../http/read-position.js';
import { AnswersPage } from '../openapi/decorators.js';

@ApiTags('Balances')
@Controller('v1/balances')
export class BalancesController {
  constructor(
    private readonly pool: Pool,
    private readonly readPosition: ReadPosition,
  ) {}

  /** The tenant's books, one entry a currency. The accounts of a currency sum to zero. */
  @Get()
  @AnswersPage('BalanceList')
  async list(@Req() request: FastifyRequest, @FromCaller() { tenantId }: Caller): Promise<{ data: BalanceView[] }> {
    await this.readPosition.reached(request);
    return { data: await getBalances(this.pool, tenantId) };
  }
}
