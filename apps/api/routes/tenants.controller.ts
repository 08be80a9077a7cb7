import { platformTenantId } from '#access/tenancy';
import type { TenantAnswer, TenantRow } from '#command-handling';
import {
  AddTenantCommand,
  AddTenantDto,
  ReinstateTenantCommand,
  SuspendTenantCommand,
  TenantReasonDto,
  Tenants,
} from '#command-handling';
import type { Page } from '#projections';
import { decodeCursor, encodeCursor, limitOf } from '#projections';
import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Caller, PlatformCaller } from '../http/caller.js';
import { FromPlatformCaller } from '../http/caller.js';
import { CommandGate, describe } from '../http/command-gate.js';
import { Id, notFound } from '../http/identifier.js';
import { AnswersAtOnce, AnswersCommand } from '../openapi/decorators.js';
import { PageQuery } from './queries.js';

/** A tenant of the deployment, as those who run it see it. */
interface TenantView {
  id: string;
  name: string;
  status: 'active' | 'suspended';
  createdAt: string;
  suspendedAt: string | null;
}

@ApiTags('Tenants')
@Controller('v1/tenants')
export class TenantsController {
  constructor(
    private readonly gate: CommandGate,
    private readonly tenants: Tenants,
  ) {}

  /**
   * Makes room for a tenant. Without an id it gets one that the Idempotency-Key decides. One that is there already under that id and name
   * is answered (200) as it is; under another name: 409 `tenant_exists`.
   */
  @Post()
  @AnswersCommand('Tenant', 201, { alsoExisting: true })
  async add(
    @Req() request: FastifyRequest,
    @FromPlatformCaller() caller: PlatformCaller,
    @Body() body: AddTenantDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    const context = await this.gate.contextOf(request, onThePlatform(caller), body);
    const answer = await this.gate.execute(new AddTenantCommand(context, body));
    describe(reply, answer, answer.existing ? 200 : 201, `/v1/tenants/${answer.tenant.id}`);
    return answered(answer);
  }

  @Get()
  @AnswersAtOnce('TenantPage')
  async list(@Query() query: PageQuery): Promise<Page<TenantView>> {
    const limit = limitOf(query);
    const after = query.cursor === undefined ? undefined : decodeCursor(list, query.cursor);
    const rows = await this.tenants.page(limit + 1, after);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return { data: page.map(shown), nextCursor: rows.length > limit && last ? encodeCursor(list, last) : null };
  }

  @Get(':id')
  @AnswersAtOnce('Tenant')
  async get(@Id('tenant') id: string): Promise<TenantView> {
    const tenant = await this.tenants.find(id);
    if (!tenant) throw notFound('tenant', id);
    return shown(tenant);
  }

  /**
   * Takes the right to write from a tenant: it goes on reading, what it asked for before is carried out, and what the processor does is
   * recorded. Every process follows within a second, and nothing that is asked for later gets into its log. One that is suspended stays so.
   */
  @Post(':id/suspend')
  @AnswersCommand('Tenant', 200)
  async suspend(
    @Req() request: FastifyRequest,
    @FromPlatformCaller() caller: PlatformCaller,
    @Id('tenant') id: string,
    @Body() body: TenantReasonDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    const context = await this.gate.contextOf(request, onThePlatform(caller), body);
    const answer = await this.gate.execute(new SuspendTenantCommand(context, id, body));
    describe(reply, answer, 200);
    return answered(answer);
  }

  /** Gives a tenant the right to write back. One that is active stays so. */
  @Post(':id/reinstate')
  @AnswersCommand('Tenant', 200)
  async reinstate(
    @Req() request: FastifyRequest,
    @FromPlatformCaller() caller: PlatformCaller,
    @Id('tenant') id: string,
    @Body() body: TenantReasonDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    const context = await this.gate.contextOf(request, onThePlatform(caller), body);
    const answer = await this.gate.execute(new ReinstateTenantCommand(context, id, body));
    describe(reply, answer, 200);
    return answered(answer);
  }
}

/** Names the list in its cursors: a format that the outside keeps. */
const list = 'tenants';

/** Keys and fingerprints of what is done to tenants are the platform's own. */
const onThePlatform = ({ principal }: PlatformCaller): Caller => ({ principal, tenantId: platformTenantId });

/** What a command led to, as its log tells it. */
const answered = ({ tenant, state: { suspendedAt } }: TenantAnswer): TenantView =>
  shown({ ...tenant, suspendedAt: suspendedAt ?? null });

const shown = ({ id, name, createdAt, suspendedAt }: TenantRow): TenantView => ({
  id,
  name,
  status: suspendedAt === null ? 'active' : 'suspended',
  createdAt: toMilliseconds(createdAt),
  suspendedAt: suspendedAt === null ? null : toMilliseconds(suspendedAt),
});

/** Times have milliseconds everywhere; rows and their cursors have more. */
const toMilliseconds = (instant: string): string => new Date(instant).toISOString();
