import { tenantQuery, tenantStatement } from '#access/tenancy';
import { emailClaim } from '#command-handling';
import { parseStreamId } from '#contracts';
import { Keys, normalizeEmail } from '#keys';
import { Injectable } from '@nestjs/common';
import { Pool } from 'pg';

const read = tenantStatement(
  'customer_by_email',
  `select c.stream_id as "streamId" from billing.claim c where c.tenant_id = t.tenant_id and c.kind = $2 and c.value = $3`,
);

/** Finds a customer by their email, of which only a keyed digest is stored: the claim by which a tenant has one customer for an email. */
@Injectable()
export class CustomerByEmail {
  constructor(
    private readonly pool: Pool,
    private readonly keys: Keys,
  ) {}

  /** The customer's id; undefined where the tenant has none with this very email, case and blanks aside. */
  async find(tenantId: string, email: string): Promise<string | undefined> {
    const value = await this.keys.blindIndex(tenantId, emailClaim, normalizeEmail(email));
    const [row] = await tenantQuery<{ streamId: string }>(this.pool, read, tenantId, [emailClaim, value]);
    return row && parseStreamId(row.streamId).id;
  }
}
