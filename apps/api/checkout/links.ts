import { platformTenantId } from '#access/tenancy';
import type { TenantShards } from '#event-store';
import { UnknownTenant } from '#event-store';
import type { Keys } from '#keys';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Whose page a link opens. */
export interface Linked {
  tenantId: string;
  checkoutSessionId: string;
}

const idBytes = 16;
const secretBytes = 32;
const form = /^[A-Za-z0-9_-]{86}$/;

const bytesOf = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');
const idOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/**
 * The links of checkout sessions. What opens one is in it and kept nowhere: tenant, session, and a keyed digest of the session under the
 * tenant's index key, which never changes (docs/adr/0011-checkout.md). Nobody makes a link without the key, not even from another one.
 */
export class CheckoutLinks {
  readonly #keys: Pick<Keys, 'blindIndex'>;
  readonly #shards: Pick<TenantShards, 'of'>;
  /** So that what belongs to no tenant takes as long as what does. */
  readonly #decoy = randomBytes(secretBytes);

  constructor(keys: Pick<Keys, 'blindIndex'>, shards: Pick<TenantShards, 'of'>) {
    this.#keys = keys;
    this.#shards = shards;
  }

  /** The last part of the page's path: base64url of tenant (16 bytes), session (16 bytes) and secret (32 bytes), 86 characters. */
  async tokenOf({ tenantId, checkoutSessionId }: Linked): Promise<string> {
    const secret = await this.#secretOf(tenantId, checkoutSessionId);
    return Buffer.concat([bytesOf(tenantId), bytesOf(checkoutSessionId), secret]).toString('base64url');
  }

  /** What a token opens; undefined for every one that `tokenOf` did not make. */
  async open(token: string): Promise<Linked | undefined> {
    const bytes = Buffer.from(form.test(token) ? token : '', 'base64url');
    const parts = Buffer.concat([bytes, Buffer.alloc(2 * idBytes + secretBytes)]);
    const tenantId = idOf(parts.subarray(0, idBytes));
    const checkoutSessionId = idOf(parts.subarray(idBytes, 2 * idBytes));
    const isKnown = await this.#isTenant(tenantId);
    const secret = isKnown ? await this.#secretOf(tenantId, checkoutSessionId) : this.#decoyOf(checkoutSessionId);
    const isGood = timingSafeEqual(secret, parts.subarray(2 * idBytes, 2 * idBytes + secretBytes));
    // Another spelling of the same bytes is no link of ours either.
    return isKnown && isGood && bytes.toString('base64url') === token ? { tenantId, checkoutSessionId } : undefined;
  }

  /** Before keys are made for it: a tenant that is not there has none. */
  async #isTenant(tenantId: string): Promise<boolean> {
    try {
      await this.#shards.of(tenantId);
      return tenantId !== platformTenantId;
    } catch (error) {
      if (error instanceof UnknownTenant) return false;
      throw error;
    }
  }

  async #secretOf(tenantId: string, checkoutSessionId: string): Promise<Buffer> {
    return Buffer.from(await this.#keys.blindIndex(tenantId, 'checkout_session', checkoutSessionId), 'base64url');
  }

  #decoyOf(checkoutSessionId: string): Buffer {
    return createHmac('sha256', this.#decoy).update(checkoutSessionId).digest();
  }
}
