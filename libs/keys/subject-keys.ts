import { randomBytes } from 'node:crypto';
import { KeyCache } from './key-cache.js';
import type { KeyCacheLimits, KeyMaterial } from './key-cache.js';
import { openText, parseSealedText, sealText } from './sealed-text.js';
import { pick } from './stored-data-key.js';
import type { WrappedKey } from './stored-data-key.js';
import type { TenantKeys } from './tenant-keys.js';

const keyBytes = 32;

/** Why a person's data is kept. Each has a key of its own, so that erasure can spare what the law makes us keep. */
export type SubjectPurpose = 'contact' | 'tax' | 'dispute';

/** Whose key it is: one person (a customer's id), for one purpose, of one tenant. */
export interface Subject {
  tenantId: string;
  subjectId: string;
  purpose: SubjectPurpose;
}

/** The port to where wrapped per-subject keys lie. Deleting a row there is what erases a person's data. */
export interface SubjectKeyStore {
  /** Every version, oldest first; empty for a subject that has none or was erased. */
  read(subject: Subject): Promise<WrappedKey[]>;
  /** Stores a version unless it exists already, in which case nothing changes. */
  insert(subject: Subject, version: number, wrapped: Buffer): Promise<void>;
}

/** Raised inside this room when a subject's key is gone; readers get `{ erased: true }` instead. */
export class SubjectKeyErased extends Error {}

/** The keys of persons: random, wrapped under the tenant's `personal` DEK, so that deleting one forgets one person. */
export class SubjectKeys {
  readonly #tenantKeys: TenantKeys;
  readonly #store: SubjectKeyStore;
  readonly #cache: KeyCache;

  constructor(options: { tenantKeys: TenantKeys; store: SubjectKeyStore; cache?: KeyCacheLimits }) {
    this.#tenantKeys = options.tenantKeys;
    this.#store = options.store;
    this.#cache = new KeyCache(options.cache);
  }

  /**
   * Runs the synchronous `work` with a subject's key, see KeyCache.use. `latest` creates version 1 where there is none;
   * a number whose key is gone rejects with SubjectKeyErased.
   */
  use<T>(subject: Subject, version: number | 'latest', work: (key: KeyMaterial) => T): Promise<T> {
    const id = `${subject.tenantId}/${subject.subjectId}/${subject.purpose}/${version}`;
    return this.#cache.use(id, () => this.#load(subject, version), work);
  }

  /** The same key of a person, wrapped anew under the newest key of the tenant. What it sealed opens as before. */
  async rewrap(subject: Subject, { version, wrapped }: WrappedKey): Promise<Buffer> {
    const sealed = wrapped.toString('latin1');
    const place = placeOf(subject, version);
    return Buffer.from(await this.#tenantKeys.reseal(subject.tenantId, 'personal', place, sealed));
  }

  /** Forgets and zeroes every cached key. */
  clear(): void {
    this.#cache.clear();
  }

  async #load(subject: Subject, version: number | 'latest'): Promise<KeyMaterial> {
    let versions = await this.#store.read(subject);
    if (versions.length === 0 && version === 'latest') {
      await this.#store.insert(subject, 1, await this.#newKey(subject, 1));
      versions = await this.#store.read(subject);
    }
    const chosen = pick(versions, version);
    if (!chosen) throw new SubjectKeyErased();
    return { version: chosen.version, bytes: await this.#unwrap(subject, chosen) };
  }

  #newKey(subject: Subject, version: number): Promise<Buffer> {
    return this.#tenantKeys.use(subject.tenantId, 'personal', 'latest', (dek) => {
      const key = randomBytes(keyBytes);
      const wrapped = Buffer.from(sealText(dek, placeOf(subject, version), key));
      key.fill(0);
      return wrapped;
    });
  }

  #unwrap(subject: Subject, { version, wrapped }: WrappedKey): Promise<Buffer> {
    const sealed = parseSealedText(wrapped.toString('latin1'));
    return this.#tenantKeys.use(subject.tenantId, 'personal', sealed.keyVersion, (dek) =>
      openText(dek, placeOf(subject, version), sealed),
    );
  }
}

const placeOf = (subject: Subject, version: number): string[] => [
  'subject_key',
  subject.tenantId,
  subject.subjectId,
  subject.purpose,
  String(version),
];
