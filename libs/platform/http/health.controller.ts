import { Controller, Get, Inject, Optional, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

import type { Registry } from '../metrics/index.js';
import type { Readiness as Answer } from '../warnings/index.js';
import { Warnings } from '../warnings/index.js';
import { onceASecond } from './once-a-second.js';
import { ProblemError } from './problem.js';
import { isFromThisMachine } from './this-machine.js';

/** What `HealthController` has to be given: the metrics of the process. */
export const metricsRegistry = Symbol('metrics');

/** And what rejects while the process cannot do its work. */
export const readiness = Symbol('readiness');

export type Readiness = () => Promise<unknown>;

@Controller()
export class HealthController {
  readonly #isReady: Readiness;

  constructor(
    @Inject(readiness) isReady: Readiness,
    @Inject(metricsRegistry) private readonly metrics: Registry,
    @Optional() @Inject(Warnings) private readonly warnings: Warnings = new Warnings(),
  ) {
    // Anybody may ask, and the database is not to be asked as often.
    this.#isReady = onceASecond(isReady);
  }

  /** The process runs. */
  @Get('healthz')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /**
   * The process can do its work: it reaches its database, and the schema is there, as of a second ago at most. `degraded` where it does
   * so and a person should look at something all the same.
   */
  @Get('readyz')
  async ready(): Promise<Answer> {
    try {
      await this.#isReady();
    } catch {
      const detail = 'the database cannot be reached, or has no schema yet';
      throw new ProblemError(503, 'not_ready', detail, {}, { 'retry-after': '1' });
    }
    return this.warnings.readiness();
  }

  /** Of all tenants together, and so for this machine alone; others find no such route. */
  @Get('metrics')
  async scrape(@Req() { raw }: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    if (!isFromThisMachine(raw)) throw new ProblemError(404, 'route_not_found', 'metrics are for this machine alone');
    reply.type(this.metrics.contentType);
    return this.metrics.metrics();
  }
}
