import { tenantEvent } from '#audit-log';
import { Optional } from '#command-handling';
import { TenantShards } from '#event-store';
import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiPropertyOptional, ApiTags } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Pool } from 'pg';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { Id, notFound } from '../http/identifier.js';
import { waitOf } from '../http/prefer.js';
import { AnswersOpenings, AnswersReceipt } from '../openapi/decorators.js';
import { LineLimit, defaultLines } from '../routes/queries.js';
import { TenantOpenings } from './openings.js';
import { notYetAnchored } from './problems.js';
import { Proofs } from './proofs.js';

class OpeningsQuery {
  @ApiPropertyOptional({
    type: 'integer',
    format: 'int64',
    minimum: 0,
    description:
      'The leaf after which to begin: `Billing-Leaf` of the answer before. From the first leaf where absent.',
    example: 1041,
  })
  @Optional()
  @Matches(/^\d{1,15}$/, { message: 'after must be the index of a leaf' })
  after?: string;

  @LineLimit()
  limit?: number;
}

/** What of the audit log is a tenant's alone: proofs with the event in them, and what opens its leaves. */
@ApiTags('Audit')
@Controller('v1/audit')
export class AuditController {
  constructor(
    private readonly proofs: Proofs,
    private readonly openings: TenantOpenings,
    private readonly shards: TenantShards,
    private readonly pool: Pool,
  ) {}

  /** The receipt of an event: that it is in the log, and the event itself. It is verified offline, with the keys of the log alone. */
  @Get('events/:id/proof')
  @AnswersReceipt()
  async proof(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Id('event') id: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const waitMs = waitOf(request.headers.prefer);
    const event = await tenantEvent(this.pool, { tenantId, shard: await this.shards.of(tenantId) }, id);
    if (!event) throw notFound('event', id);
    const proof = await this.proofs.of(event, waitMs);
    if (!proof) throw notYetAnchored(id);
    await reply
      .headers({
        'content-disposition': `attachment; filename="${id}.tlog-proof"`,
        'billing-leaf': String(proof.index),
      })
      .type('text/plain; charset=utf-8')
      .send(proof.receipt);
  }

  /** What opens the tenant's own leaves, a page at a time, for whoever holds every leaf against its event. */
  @Get('openings')
  @AnswersOpenings()
  async list(
    @FromCaller() { tenantId }: Caller,
    @Query() { after, limit = defaultLines }: OpeningsQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const place = { tenantId, shard: await this.shards.of(tenantId) };
    const { lines, upTo, size } = await this.openings.page(place, after === undefined ? -1 : Number(after), limit);
    await reply
      .headers({ 'billing-tree-size': String(size), ...(upTo >= 0 && { 'billing-leaf': String(upTo) }) })
      .type('application/x-ndjson')
      .send(lines.map((line) => `${line}\n`).join(''));
  }
}
