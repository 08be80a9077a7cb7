import { KeyManagementUnavailable, KeyMissing, NewestKeyUnusable } from './errors.js';
import { KeyCache } from './key-cache.js';
import type { KeyCacheLimits, KeyMaterial } from './key-cache.js';
import type { EncryptionContext, Environment, KeyManagement } from './key-management.js';
import { openText, parseSealedText, sealText } from './sealed-text.js';
import type { Place } from './sealed-text.js';
import { loadDataKey } from './stored-data-key.js';
import type { KeyVersion, WrappedKey } from './stored-data-key.js';
import type { KeyPurpose } from './who-may-decrypt.js';

/** The port to where a tenant's wrapped DEKs lie. */
export interface TenantKeyStore {
  /** Every version, oldest first; empty where there is none. */
  read(tenantId: string, purpose: KeyPurpose): Promise<WrappedKey[]>;
  /** Stores a version unless it exists already, in which case nothing changes. */
  insert(tenantId: string, purpose: KeyPurpose, version: number, wrapped: Buffer): Promise<void>;
}

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

  /**
   * What `sealed` holds, sealed anew for the same place under the newest version that is known here, and opened once as readers will. Rejects
   * as opening it does, and with NewestKeyUnusable where it is the newest version that fails.
   */
  async reseal(tenantId: string, purpose: KeyPurpose, place: Place, sealed: string): Promise<string> {
    const parsed = parseSealedText(sealed);
    const plaintext = await this.use(tenantId, purpose, parsed.keyVersion, (key) => openText(key, place, parsed));
    try {
      const resealed = await this.use(tenantId, purpose, 'latest', (key) => sealText(key, place, plaintext));
      const anew = parseSealedText(resealed);
      const opened = await this.use(tenantId, purpose, anew.keyVersion, (key) => openText(key, place, anew));
      opened.fill(0);
      return resealed;
    } catch (error) {
      if (error instanceof KeyManagementUnavailable) throw error;
      throw new NewestKeyUnusable(purpose, { cause: error });
    } finally {
      plaintext.fill(0);
    }
  }

  /** Forgets and zeroes every cached key. */
  clear(): void {
    this.#cache.clear();
  }

  async #load(tenantId: string, purpose: KeyPurpose, version: KeyVersion): Promise<KeyMaterial> {
    const context: EncryptionContext = { tenantId, purpose, environment: this.#environment };
    const rows = {
      read: () => this.#store.read(tenantId, purpose),
      insertFirst: (wrapped: Buffer) => this.#store.insert(tenantId, purpose, 1, wrapped),
    };
    const key = await loadDataKey(this.#kms, context, rows, version);
    if (!key) throw new KeyMissing(`tenant ${tenantId}`, purpose, typeof version === 'number' ? version : 1);
    return key;
  }
}
