import { tenantInsert, tenantQuery } from '#access/tenancy';
import type { Keys } from '#keys';
import { processorTokenPlace } from '#keys';
import { tokenDigest } from '#processor';
import type { Pool } from 'pg';

const insertToken = tenantInsert(
  'insert_processor_token',
  `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed, token_digest)
   select t.tenant_id, $2::uuid, $3::uuid, $4, $5::bytea from t on conflict do nothing`,
);

const insertPresented = tenantInsert(
  'insert_presented_token',
  `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed, expires_at)
   select t.tenant_id, $2::uuid, $3::uuid, $4, now() + interval '2 days' from t on conflict do nothing`,
);

/** Keeps processor tokens, sealed, outside of every event: the row is written before the event that names the method. */
export class ProcessorTokens {
  constructor(
    readonly pool: Pool,
    readonly keys: Keys,
  ) {}

  /** Seals and stores a token. A repeat of the same command changes nothing. */
  async store(tenantId: string, paymentMethodId: string, customerId: string, token: string): Promise<void> {
    const sealed = await this.keys.sealToken(processorTokenPlace(tenantId, paymentMethodId), token);
    await tenantQuery(this.pool, insertToken, tenantId, [paymentMethodId, customerId, sealed, tokenDigest(token)]);
  }

  /**
   * Seals and stores a confirmation token, which the processor takes once and forgets within the day. It is kept for two: a charge whose
   * outcome is unknown is sent again for nearly a day after it was first sent.
   */
  async storePresented(tenantId: string, confirmationId: string, customerId: string, token: string): Promise<void> {
    const sealed = await this.keys.sealToken(processorTokenPlace(tenantId, confirmationId), token);
    await tenantQuery(this.pool, insertPresented, tenantId, [confirmationId, customerId, sealed]);
  }
}
