import { auditedFrom, tenantStream } from '#audit-log';
import type { AuditedRow } from '#audit-log';
import { streamIdOf } from '#contracts';
import type { PaymentEvent, PaymentStatus } from '#domain/payment';
import { statusOf } from '#domain/payment';
import type { EventRow } from '#event-store';
import { TenantShards, recordedFrom } from '#event-store';
import type { Page } from '#projections';
import { InvalidCursor, decodeCursor, encodeCursor, limitOf } from '#projections';
import { evolveShownPayment, initialShownPayment } from '#projections/payments';
import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Pool } from 'pg';

import type { Caller } from '../http/caller.js';
import { FromCaller } from '../http/caller.js';
import { Id, notFound } from '../http/identifier.js';
import { waitOf } from '../http/prefer.js';
import { AnswersHistory } from '../openapi/decorators.js';
import { PageQuery } from '../routes/queries.js';
import type { Proof } from './proofs.js';
import { Proofs } from './proofs.js';

/** One change of a payment. */
interface Change {
  eventId: string;
  type: string;
  /** Of the stream after it. */
  version: number;
  /** shard:position. */
  position: string;
  recordedAt: string;
  data: PaymentEvent;
  /** Of the payment after it. */
  status: PaymentStatus;
}

/** A change, and the proof that it is in the audit log; null while no published checkpoint covers it. */
type ProvenChange = Change & { proof: Proof | null };

/** Names the list in its cursors. */
const list = 'payment-history';

@ApiTags('Payments')
@Controller('v1/payments')
export class PaymentHistoryController {
  constructor(
    private readonly proofs: Proofs,
    private readonly shards: TenantShards,
    private readonly pool: Pool,
  ) {}

  /** Every change of a payment, oldest first, with the proof that it is in the audit log. */
  @Get(':id/history')
  @AnswersHistory('PaymentHistoryPage')
  async history(
    @Req() request: FastifyRequest,
    @FromCaller() { tenantId }: Caller,
    @Id('payment') id: string,
    @Query() query: PageQuery,
  ): Promise<Page<ProvenChange>> {
    const limit = limitOf(query);
    const waitMs = waitOf(request.headers.prefer, 0);
    const place = { tenantId, shard: await this.shards.of(tenantId) };
    const rows = await tenantStream(this.pool, place, streamIdOf('payment', id));
    if (rows.length === 0) throw notFound('payment', id);
    const begin = query.cursor === undefined ? 0 : beginAfter(rows, query.cursor);
    const changes = changesIn(rows).slice(begin, begin + limit);
    const shown = rows.slice(begin, begin + limit);
    const proofs = await this.proofs.ofAll(tenantId, shown.map(auditedFrom), waitMs);
    const last = shown.at(-1);
    return {
      data: changes.map((change, at) => ({ ...change, proof: proofs[at] ?? null })),
      nextCursor:
        last && begin + limit < rows.length
          ? encodeCursor(list, { createdAt: last.recorded_at, id: last.event_id })
          : null,
    };
  }
}

const beginAfter = (rows: readonly AuditedRow[], cursor: string): number => {
  const { id } = decodeCursor(list, cursor);
  const at = rows.findIndex((row) => row.event_id === id);
  if (at < 0) throw new InvalidCursor();
  return at + 1;
};

const changesIn = (rows: readonly AuditedRow[]): Change[] => {
  let payment = initialShownPayment;
  return rows.map((row) => {
    const { eventId, type, version, shard, position, recordedAt, event } = recordedFrom<PaymentEvent>(row as EventRow);
    payment = evolveShownPayment(payment, event);
    return {
      ...{ eventId, type, version, recordedAt },
      position: `${shard}:${position}`,
      data: event,
      status: statusOf(payment),
    };
  });
};
