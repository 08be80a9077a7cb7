import { randomUUID } from 'node:crypto';

import type { BillingEvent } from '#domain';
import type { PaymentEvent } from '#domain/payment';
import { encodeData, shardForNewTenant } from '#event-store';
import type { Pool } from 'pg';

/** Events of one stream, in order; streams may come several times. */
export interface Written {
  tenantId: string;
  streamId: string;
  event: BillingEvent;
}

/**
 * Writes events straight into the log as the superuser, thousands at once: for specs of readers, which do not care how an
 * event was decided. One writer a database.
 */
export class LogWriter {
  readonly #admin: Pool;
  readonly #heads = new Map<number, number>();
  readonly #versions = new Map<string, number>();

  constructor(admin: Pool) {
    this.#admin = admin;
  }

  async write(written: readonly Written[]): Promise<void> {
    const rows = written.map((one) => this.#row(one));
    const columns = Array.from({ length: 12 }, (_, column) => rows.map((row) => row[column]));
    await this.#admin.query(
      `with inserted as (
        insert into billing.event (shard, position, tenant_id, stream_id, version, event_id, type, schema_version, correlation_id,
          causation_id, data, metadata)
        select * from unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::text[], $5::integer[], $6::uuid[], $7::text[],
          $8::smallint[], $9::uuid[], $10::uuid[], $11::text[], $12::jsonb[])
        returning shard, position)
      update billing.log_head h set position = i.position
      from (select shard, max(position) as position from inserted group by shard) i where h.shard = i.shard`,
      columns,
    );
  }

  #row({ tenantId, streamId, event }: Written): unknown[] {
    const shard = shardForNewTenant(tenantId);
    const position = (this.#heads.get(shard) ?? 0) + 1;
    const version = (this.#versions.get(tenantId + streamId) ?? 0) + 1;
    this.#heads.set(shard, position);
    this.#versions.set(tenantId + streamId, version);
    const command = randomUUID();
    const metadata = JSON.stringify({ actor: { type: 'person', subject: 'tester' } });
    const data = encodeData(event);
    return [
      shard,
      position,
      tenantId,
      streamId,
      version,
      randomUUID(),
      event.type,
      1,
      command,
      command,
      data,
      metadata,
    ];
  }
}

export interface ChargeOptions {
  paymentId?: string;
  customerId?: string;
  orderId?: string;
  amount?: number;
  currency?: string;
  at?: string;
  availableOn?: string;
}

/** A charge as the log has it: created, requested, captured, settled with a fee of 100. */
export const charge = ({
  paymentId = randomUUID(),
  customerId = randomUUID(),
  orderId,
  amount = 5_000,
  currency = 'usd',
  at = '2026-11-01T10:00:00.000Z',
  availableOn = '2026-11-03T00:00:00.000Z',
}: ChargeOptions = {}): PaymentEvent[] => {
  const money = { amount, currency };
  const attempt = { attempt: 1, at };
  const processorPaymentId = `pi_${paymentId}`;
  const captureMethod = 'automatic' as const;
  return [
    { type: 'PaymentCreated', paymentId, customerId, ...money, captureMethod, orderId, at },
    { type: 'PaymentRequested', ...attempt, paymentMethodId: customerId, customerId, ...money, captureMethod },
    { type: 'PaymentCaptured', ...attempt, captureId: paymentId, processorPaymentId, ...money, final: true },
    {
      type: 'SettlementRecorded',
      settlementId: `txn_${paymentId}`,
      source: 'capture',
      sourceId: paymentId,
      gross: amount,
      fee: 100,
      net: amount - 100,
      currency,
      availableOn,
      at,
    },
  ];
};

/** A refund of a charge, asked for and returned. */
export const refund = (
  paymentId: string,
  { refundId = randomUUID(), amount = 1_000, currency = 'usd', at = '2026-11-02T10:00:00.000Z' } = {},
): PaymentEvent[] => {
  const one = { refundId, amount, currency, at };
  return [
    { type: 'RefundRequested', ...one, processorPaymentId: `pi_${paymentId}`, reason: 'requested_by_customer' },
    { type: 'RefundSucceeded', ...one, processorRefundId: `re_${refundId}`, booked: 'pending' },
  ];
};

/** The events of each payment's stream in one log, one event of each in turn, as load from many payers interleaves them. */
export const interleaved = (tenantId: string, streams: readonly PaymentEvent[][]): Written[] => {
  const longest = Math.max(0, ...streams.map((events) => events.length));
  const ids = streams.map((events) => (events[0]?.type === 'PaymentCreated' ? events[0].paymentId : ''));
  return Array.from({ length: longest }, (_, step) =>
    streams.flatMap((events, at) => {
      const event = events[step];
      return event ? [{ tenantId, streamId: `payment-${ids[at]}`, event }] : [];
    }),
  ).flat();
};
