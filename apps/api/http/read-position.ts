import { CheckpointWatch } from '#log';
import { readModelsConsumer } from '#projections';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Pool } from 'pg';

import { waitOf } from './prefer.js';
import { ProblemError } from './problem.js';

const form = /^(\d|1[0-5]):(\d{1,15})$/;

/** Reading your own writes: a GET that sends `Billing-Min-Position` waits until the read models have it. */
@Injectable()
export class ReadPosition {
  readonly #watch: CheckpointWatch;

  constructor(readonly pool: Pool) {
    this.#watch = new CheckpointWatch(pool, readModelsConsumer);
  }

  /** Resolves at once without the header. Throws ProblemError when it is malformed, beyond the log, or not reached in time. */
  async reached(request: FastifyRequest): Promise<void> {
    const header = request.headers['billing-min-position'];
    if (header === undefined) return;
    const match = typeof header === 'string' ? form.exec(header) : null;
    if (!match) {
      throw new ProblemError(
        400,
        'invalid_position',
        'Billing-Min-Position must be what a Billing-Position header said, shard:position',
        {
          field: 'Billing-Min-Position',
        },
      );
    }
    const [shard, position] = [Number(match[1]), Number(match[2])];
    const { rows } = await this.pool.query<{ position: string }>({
      name: 'log_head',
      text: 'select position from billing.log_head where shard = $1',
      values: [shard],
    });
    if (position > Number(rows[0]?.position ?? 0)) {
      throw new ProblemError(400, 'position_unknown', `shard ${shard} has no position ${position} yet`, {
        field: 'Billing-Min-Position',
      });
    }
    if (!(await this.#watch.reached(shard, position, waitOf(request.headers.prefer)))) {
      throw new ProblemError(
        503,
        'read_model_behind',
        'the read models have not reached that position; try again in a moment',
        {},
        { 'retry-after': '1' },
      );
    }
  }
}
