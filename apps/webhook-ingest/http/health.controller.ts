import { ProblemError } from '#platform/http';
import type { Registry } from '#platform/metrics';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Pool } from 'pg';

export const metricsRegistry = Symbol('metrics');

@Controller()
export class HealthController {
  constructor(
    private readonly pool: Pool,
    @Inject(metricsRegistry) private readonly metrics: Registry,
  ) {}

  /** The process runs. */
  @Get('healthz')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** The process can take webhooks: it reaches its database, and the schema is there. */
  @Get('readyz')
  async ready(): Promise<{ status: 'ok' }> {
    try {
      await this.pool.query('select from billing.webhook_events limit 1');
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
  async scrape(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    reply.type(this.metrics.contentType);
    return this.metrics.metrics();
  }
}
