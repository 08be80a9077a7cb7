import type { Registry } from '#platform/metrics';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Pool } from 'pg';

import { Public } from '../http/access.guard.js';
import { ProblemError } from '../http/problem.js';

export const metricsRegistry = Symbol('metrics');

@ApiExcludeController()
@Controller()
export class HealthController {
  constructor(
    private readonly pool: Pool,
    @Inject(metricsRegistry) private readonly metrics: Registry,
  ) {}

  /** The process runs. */
  @Get('healthz')
  @Public()
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** The process can serve: it reaches its database, and the schema is there. */
  @Get('readyz')
  @Public()
  async ready(): Promise<{ status: 'ok' }> {
    try {
      await this.pool.query('select position from billing.log_head limit 1');
    } catch {
      throw new ProblemError(
        503,
        'not_ready',
        'the database cannot be reached, or has no schema yet',
        {},
        { 'retry-after': '1' },
      );
    }
    return { status: 'ok' };
  }

  @Get('metrics')
  @Public()
  async scrape(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.type(this.metrics.contentType);
    return this.metrics.metrics();
  }
}
