import { tenantQuery, tenantStatement } from '#access/tenancy';
import { Keys, clientSecretPlace } from '#keys';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';

/** What a payer's browser finishes an action with. For the payer alone: never logged. */
export interface ClientSecret {
  clientSecret: string;
  /** RFC 3339. */
  expiresAt: string;
}

const read = tenantStatement(
  'client_secret',
  `select s.sealed, s.expires_at as "expiresAt" from billing.client_secret s
   where s.tenant_id = t.tenant_id and s.payment_id = $2::uuid and s.attempt = $3::integer and s.expires_at > now()`,
);

/** Opens what the gateway has kept for payers. `id` is that of a payment, or of a setup, whose attempt is `onlyAttempt`. */
@Injectable()
export class ClientSecrets {
  constructor(
    private readonly pool: Pool,
    private readonly keys: Keys,
  ) {}

  /** Undefined where there is none, or not any more. */
  async open(tenantId: string, id: string, attempt: number): Promise<ClientSecret | undefined> {
    const [row] = await tenantQuery<{ sealed: string; expiresAt: Date }>(this.pool, read, tenantId, [id, attempt]);
    if (!row) return undefined;
    const clientSecret = await this.keys.openClientSecret(clientSecretPlace(tenantId, id, attempt), row.sealed);
    return { clientSecret, expiresAt: row.expiresAt.toISOString() };
  }
}
