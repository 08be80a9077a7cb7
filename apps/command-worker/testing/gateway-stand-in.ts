import type { RecordedEvent } from '#contracts';
import { streamIdOf } from '#contracts';
import type { PaymentMethodEvent } from '#domain/payment-method';
import { decidePaymentMethod, foldPaymentMethod } from '#domain/payment-method';
import { StreamReader, TenantShards, appendOver } from '#event-store';
import { randomUUID } from 'node:crypto';

import type { TestDatabase } from '../../../test/database/index.js';

/** Speaks for the gateway, with its role: the processor has attached the method. */
export const attachMethod = async (database: TestDatabase, tenantId: string, methodId: string): Promise<void> => {
  const pool = database.pool('billing_gateway');
  const shard = await new TenantShards(pool).of(tenantId);
  const streamId = streamIdOf('payment_method', methodId);
  const { events } = await new StreamReader(pool, { acrossTenants: true }).read({ tenantId, shard, streamId });
  const fact = {
    type: 'RecordPaymentMethodAttached',
    details: 'v1.1.sealed',
    at: '2026-11-02T10:00:00.000Z',
  } as const;
  const [result] = await appendOver(pool)(shard, [
    {
      tenantId,
      commandId: randomUUID(),
      fingerprint: Buffer.alloc(32),
      streamId,
      expectedVersion: events.length,
      events: decidePaymentMethod(fact, foldPaymentMethod(events.map(({ event }) => event as PaymentMethodEvent))),
      correlationId: (events[0] as RecordedEvent).metadata.correlationId,
      actor: { type: 'system', subject: 'gateway' },
    },
  ]);
  if (result?.status !== 'ok') throw new Error(`the outcome was not appended: ${result?.status}`);
};
