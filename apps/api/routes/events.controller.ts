import { Optional } from '#command-handling';
import { TenantShards, eventsOfTenant } from '#event-store';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { IsInt, Matches, Max, Min } from 'class-validator';
import type { FastifyReply } from 'fastify';
import { Pool } from 'pg';

import type { Caller } from '../http/access.guard.js';
import { FromCaller, Requires } from '../http/access.guard.js';
import { ProblemError } from '../http/problem.js';
import { AnswersLines } from '../openapi/decorators.js';
import { Decimal } from './queries.js';

export class EventsQuery {
  @ApiPropertyOptional({
    description: 'The `position` of the last event you have, shard:position.',
    pattern: '^\\d{1,2}:\\d{1,15}$',
  })
  @Optional()
  @Matches(/^\d{1,2}:\d{1,15}$/, { message: 'after must be a position, shard:position' })
  after?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 1000, default: 100 })
  @Optional()
  @Decimal()
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;
}

@ApiTags('Events')
@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly pool: Pool,
    private readonly shards: TenantShards,
  ) {}

  /** The tenant's events, oldest first, one JSON object a line. Go on with `after` = the last line's `position`. */
  @Get()
  @Requires('billing:read')
  @AnswersLines()
  async list(
    @FromCaller() { tenantId }: Caller,
    @Query() { after, limit = 100 }: EventsQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const shard = await this.shards.of(tenantId);
    const [ofShard, position] = (after ?? `${shard}:0`).split(':').map(Number) as [number, number];
    if (ofShard !== shard)
      throw new ProblemError(400, 'invalid_position', `your events are in shard ${shard}`, { field: 'after' });
    const events = await eventsOfTenant(this.pool, { tenantId, shard, after: position, limit });
    reply.type('application/x-ndjson');
    return events
      .map(
        ({ shard: at, position: place, event, ...rest }) =>
          `${JSON.stringify({ position: `${at}:${place}`, ...rest, data: event })}\n`,
      )
      .join('');
  }
}
