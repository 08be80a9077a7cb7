import type { Environment, KeyManagement } from '../key-management.js';
import { assertMayUse } from '../who-may-decrypt.js';
import type { KeyPurpose, KeyUser } from '../who-may-decrypt.js';
import { assertNewestOpens } from './newest-opens.js';
import { tenantPurposes } from './purposes.js';
import type { RotatingPurpose } from './purposes.js';

/** A version of a tenant's key. */
export interface TenantKeyVersion {
  tenantId: string;
  purpose: KeyPurpose;
  version: number;
}

/** The port to where versions of tenants' keys are added. */
export interface TenantKeyring {
  /** The newest version of each purpose that the tenant has a key for. */
  newest(tenantId: string): Promise<{ purpose: KeyPurpose; version: number; wrapped: Buffer }[]>;
  /** Stores a version, which seals from then on in the place of those before it. False where it exists already: then nothing changes. */
  add(key: TenantKeyVersion, wrapped: Buffer): Promise<boolean>;
}

/** Makes tenants' keys, the first and every later version. It never sees what they seal. */
export class TenantKeyRotation {
  readonly #options: { app: KeyUser; environment: Environment; kms: KeyManagement; keyring: TenantKeyring };

  constructor(options: { app: KeyUser; environment: Environment; kms: KeyManagement; keyring: TenantKeyring }) {
    this.#options = options;
  }

  /** Makes the keys that a tenant has yet to have, one a purpose. Gives how many. Rejects with NewestRefused where one it has does not open. */
  async create(tenantId: string): Promise<number> {
    assertMayUse(this.#options.app, 'tenant-key:rotate');
    const newest = await this.#options.keyring.newest(tenantId);
    const missing = tenantPurposes.filter((wanted) => newest.every(({ purpose }) => purpose !== wanted));
    const [one] = newest;
    if (one && missing.length > 0) await this.#assertOpens(tenantId, one);
    let made = 0;
    for (const purpose of missing) if (await this.#add({ tenantId, purpose, version: 1 })) made += 1;
    return made;
  }

  /**
   * Makes the version that follows `version`, the newest until now. False where somebody has made it already. Whoever has a key in its
   * cache seals under the one before it for as long as the cache keeps it. Rejects with NewestRefused where `version` does not open under
   * this key management.
   */
  async rotate(key: TenantKeyVersion & { purpose: RotatingPurpose }): Promise<boolean> {
    assertMayUse(this.#options.app, 'tenant-key:rotate');
    const newest = (await this.#options.keyring.newest(key.tenantId)).find(({ purpose }) => purpose === key.purpose);
    if (newest?.version !== key.version) return false;
    await this.#assertOpens(key.tenantId, newest);
    return this.#add({ ...key, version: key.version + 1 });
  }

  #assertOpens(tenantId: string, { purpose, wrapped }: { purpose: KeyPurpose; wrapped: Buffer }): Promise<void> {
    const { kms, environment } = this.#options;
    return assertNewestOpens(kms, wrapped, { tenantId, purpose, environment });
  }

  async #add(key: TenantKeyVersion): Promise<boolean> {
    const { kms, environment, keyring } = this.#options;
    const { tenantId, purpose } = key;
    // Whoever makes keys need not be one who may use them.
    return keyring.add(key, await kms.generateDataKeyWithoutPlaintext({ tenantId, purpose, environment }));
  }
}
