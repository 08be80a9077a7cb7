import { KeyMissing } from './errors.js';
import { KeyCache } from './key-cache.js';
import type { KeyCacheLimits, KeyMaterial } from './key-cache.js';
import type { EncryptionContext, Environment, KeyManagement } from './key-management.js';
import type { KeyPurpose } from './who-may-decrypt.js';

/** A stored key: `wrapped` opens only by the KMS or by the key above it. */
export interface WrappedKey {
  version: number;
  wrapped: Buffer;
}

/** The port to where a tenant's wrapped DEKs lie. */
export interface TenantKeyStore {
  /** Every version, oldest first; empty where there is none. */
  read(tenantId: string, purpose: KeyPurpose): Promise<WrappedKey[]>;
  /** Stores a version unless it exists already, in which case nothing changes. */
  insert(tenantId: string, purpose: KeyPurpose, version: number, wrapped: Buffer): Promise<void>;
}

/** `latest` seals; `first` never changes, for values that are compared; a number is what a sealed text names. */
export type KeyVersion = number | 'latest' | 'first';

/** The data keys of tenants, by purpose and version: created when first needed, unwrapped by the KMS, cached within limits. */
export class TenantKeys {
  readonly #kms: KeyManagement;
  readonly #store: TenantKeyStore;
  readonly #environment: Environment;
  readonly #cache: KeyCache;

  constructor(options: {
    kms: KeyManagement;
    store: TenantKeyStore;
    environment: Environment;
    cache?: KeyCacheLimits;
  }) {
    this.#kms = options.kms;
    this.#store = options.store;
    this.#environment = options.environment;
    this.#cache = new KeyCache(options.cache);
  }

  /**
   * Runs the synchronous `work` with a tenant's key, see KeyCache.use. `latest` and `first` create version 1 where the tenant
   * has no key yet; a number that is not stored rejects with KeyMissing.
   */
  use<T>(tenantId: string, purpose: KeyPurpose, version: KeyVersion, work: (key: KeyMaterial) => T): Promise<T> {
    return this.#cache.use(`${tenantId}/${purpose}/${version}`, () => this.#load(tenantId, purpose, version), work);
  }

  /** Forgets and zeroes every cached key. */
  clear(): void {
    this.#cache.clear();
  }

  async #load(tenantId: string, purpose: KeyPurpose, version: KeyVersion): Promise<KeyMaterial> {
    const context: EncryptionContext = { tenantId, purpose, environment: this.#environment };
    let versions = await this.#store.read(tenantId, purpose);
    if (versions.length === 0 && typeof version !== 'number') {
      const { plaintext, wrapped } = await this.#kms.generateDataKey(context);
      plaintext.fill(0);
      await this.#store.insert(tenantId, purpose, 1, wrapped);
      // Another process may have been first: what is stored counts, not what we made.
      versions = await this.#store.read(tenantId, purpose);
    }
    const chosen = pick(versions, version);
    if (!chosen) throw new KeyMissing(tenantId, purpose, typeof version === 'number' ? version : 1);
    return { version: chosen.version, bytes: await this.#kms.decrypt(chosen.wrapped, context) };
  }
}

/** The stored key that `version` means, out of `versions` ordered oldest first. */
export const pick = (versions: readonly WrappedKey[], version: KeyVersion): WrappedKey | undefined => {
  if (version === 'latest') return versions.at(-1);
  if (version === 'first') return versions[0];
  return versions.find((key) => key.version === version);
};
