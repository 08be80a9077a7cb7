import { auditSaltsWith } from './audit-salts.js';
import type { AuditSalts } from './audit-salts.js';
import { hmacSha256 } from './hmac.js';
import { defaultKeyCacheLimits } from './key-cache.js';
import type { KeyCacheLimits } from './key-cache.js';
import type { Environment, KeyManagement } from './key-management.js';
import { openText, parseSealedText, sealText } from './sealed-text.js';
import type { WrappedKey } from './stored-data-key.js';
import { SubjectKeyErased, SubjectKeys } from './subject-keys.js';
import type { Subject, SubjectKeyStore } from './subject-keys.js';
import { TenantKeys } from './tenant-keys.js';
import type { TenantKeyStore } from './tenant-keys.js';
import { assertMayUse } from './who-may-decrypt.js';
import type { KeyUser } from './who-may-decrypt.js';

/**
 * Where a person's sealed value stands. `record` names the event type or table, the field, and the record where one person
 * has several, such as `CustomerCreated.personal`. The same words must be given to open it.
 */
export interface PersonalPlace extends Subject {
  record: string;
}

/** The cell of a table in which a sealed token or client secret stands. The same words must be given to open it. */
export interface TokenPlace {
  tenantId: string;
  table: string;
  column: string;
  /** The row's id. */
  row: string;
}

/** A person's data, or the news that its key was deleted: show the person as erased. */
export type Opened = { erased: false; plaintext: string } | { erased: true };

export interface KeysOptions {
  /** The app that asks. It can do what `whoMayDecrypt` lists for it; all else rejects with KeyUseDenied. */
  app: KeyUser;
  environment: Environment;
  kms: KeyManagement;
  tenantKeys: TenantKeyStore;
  subjectKeys: SubjectKeyStore;
  cache?: KeyCacheLimits;
}

/**
 * Seals and opens what a tenant entrusts to us (envelope encryption: KMS -> tenant DEK -> key of a person -> key of a record).
 * Texts are UTF-8, at most 64 KiB; ids are UUIDs in lower case. Anything changed or moved rejects with SealBroken.
 */
export class Keys {
  readonly #app: KeyUser;
  readonly #tenantKeys: TenantKeys;
  readonly #subjectKeys: SubjectKeys;
  readonly #keyAgeMs: number;

  constructor({ app, environment, kms, tenantKeys, subjectKeys, cache }: KeysOptions) {
    this.#app = app;
    this.#keyAgeMs = (cache ?? defaultKeyCacheLimits).maxAgeMs;
    this.#tenantKeys = new TenantKeys({ kms, store: tenantKeys, environment, cache });
    this.#subjectKeys = new SubjectKeys({ tenantKeys: this.#tenantKeys, store: subjectKeys, cache });
  }

  /** Seals personal data under the person's own key, which is made at the first use. Gives a sealed text for an event. */
  async sealPersonal(place: PersonalPlace, plaintext: string): Promise<string> {
    assertMayUse(this.#app, 'personal:seal');
    const where = personalPlace(place);
    const bytes = Buffer.from(plaintext);
    return this.#subjectKeys.use(place, 'latest', (key) => sealText(key, where, bytes));
  }

  /** Opens personal data, or tells that the person was erased. */
  async openPersonal(place: PersonalPlace, sealed: string): Promise<Opened> {
    assertMayUse(this.#app, 'personal:open');
    const where = personalPlace(place);
    const parsed = parseSealedText(sealed);
    try {
      return await this.#subjectKeys.use(place, parsed.keyVersion, (key) => ({
        erased: false,
        plaintext: openText(key, where, parsed).toString(),
      }));
    } catch (error) {
      if (error instanceof SubjectKeyErased) return { erased: true };
      throw error;
    }
  }

  /** Seals a processor token for one cell of one table. */
  async sealToken(place: TokenPlace, plaintext: string): Promise<string> {
    assertMayUse(this.#app, 'token:seal');
    const where = cellPlace('token', place);
    const bytes = Buffer.from(plaintext);
    return this.#tenantKeys.use(place.tenantId, 'token', 'latest', (key) => sealText(key, where, bytes));
  }

  /** Opens a processor token that stands in this very cell. */
  async openToken(place: TokenPlace, sealed: string): Promise<string> {
    assertMayUse(this.#app, 'token:open');
    const where = cellPlace('token', place);
    const parsed = parseSealedText(sealed);
    return this.#tenantKeys.use(place.tenantId, 'token', parsed.keyVersion, (key) =>
      openText(key, where, parsed).toString(),
    );
  }

  /** The same token, sealed anew for the same cell under the tenant's newest key. */
  async resealToken(place: TokenPlace, sealed: string): Promise<string> {
    assertMayUse(this.#app, 'tenant-key:rotate');
    assertMayUse(this.#app, 'token:open');
    return this.#tenantKeys.reseal(place.tenantId, 'token', cellPlace('token', place), sealed);
  }

  /** The same key of a person, wrapped anew under the tenant's newest key. What it sealed opens as before. */
  async rewrapSubjectKey(subject: Subject, key: WrappedKey): Promise<Buffer> {
    assertMayUse(this.#app, 'tenant-key:rotate');
    assertMayUse(this.#app, 'personal:open');
    return this.#subjectKeys.rewrap(subject, key);
  }

  /** Seals what a payer's browser finishes an action with, for one cell of one table. */
  async sealClientSecret(place: TokenPlace, plaintext: string): Promise<string> {
    assertMayUse(this.#app, 'client-secret:seal');
    const where = cellPlace('client_secret', place);
    const bytes = Buffer.from(plaintext);
    return this.#tenantKeys.use(place.tenantId, 'client_secret', 'latest', (key) => sealText(key, where, bytes));
  }

  /** Opens a client secret that stands in this very cell. */
  async openClientSecret(place: TokenPlace, sealed: string): Promise<string> {
    assertMayUse(this.#app, 'client-secret:open');
    const where = cellPlace('client_secret', place);
    const parsed = parseSealedText(sealed);
    return this.#tenantKeys.use(place.tenantId, 'client_secret', parsed.keyVersion, (key) =>
      openText(key, where, parsed).toString(),
    );
  }

  /** Seals the body of a record that was no command, for the dead letter of that `record`. At most 64 KiB. */
  async sealDeadLetter(tenantId: string, record: string, body: Buffer): Promise<string> {
    assertMayUse(this.#app, 'dead-letter:seal');
    const where = deadLetterPlace(tenantId, record);
    return this.#tenantKeys.use(tenantId, 'dead_letter', 'latest', (key) => sealText(key, where, body));
  }

  /** Opens the body of that record. */
  async openDeadLetter(tenantId: string, record: string, sealed: string): Promise<Buffer> {
    assertMayUse(this.#app, 'dead-letter:open');
    const where = deadLetterPlace(tenantId, record);
    const parsed = parseSealedText(sealed);
    return this.#tenantKeys.use(tenantId, 'dead_letter', parsed.keyVersion, (key) => openText(key, where, parsed));
  }

  /**
   * A keyed fingerprint (HMAC-SHA256, base64url, 43 characters) of `value`, by which equal values of one tenant and `kind` are found
   * without being readable: an email (after normalizeEmail), the canonical form of a request. It never changes for a value,
   * because what is compared is stored beside it: the tenant's first index key computes it for good.
   */
  async blindIndex(tenantId: string, kind: string, value: string | Buffer): Promise<string> {
    assertMayUse(this.#app, 'index:mac');
    assertUuid(tenantId);
    if (kind.includes('\0')) throw new TypeError('the kind of a blind index holds no NUL: it ends the kind');
    return this.#tenantKeys.use(tenantId, 'index', 'first', (key) =>
      hmacSha256(key.bytes, `${kind}\0`, value).toString('base64url'),
    );
  }

  /**
   * A keyed digest (HMAC-SHA256, base64url, 43 characters) of the processor's word for a card or an account, by which a tenant finds the same
   * one again. It never changes for a value, and no other tenant's is like it: the tenant's first fingerprint key computes it for good.
   */
  async fingerprint(tenantId: string, value: string): Promise<string> {
    assertMayUse(this.#app, 'fingerprint:mac');
    assertUuid(tenantId);
    return this.#tenantKeys.use(tenantId, 'fingerprint', 'first', (key) =>
      hmacSha256(key.bytes, value).toString('base64url'),
    );
  }

  /**
   * The salts of a tenant's events in the audit log, each HMAC-SHA256(tenant's audit key, event id), 32 bytes: one use of the key however
   * many are computed, so ask once a batch. They never change: the tenant's first audit key computes them for good, and is made at the first
   * use. The function it gives may be used for as long as a key may be kept, and throws SaltsExpired after that.
   */
  async auditSalts(tenantId: string): Promise<AuditSalts> {
    assertMayUse(this.#app, 'audit-salt:mac');
    assertUuid(tenantId);
    return this.#tenantKeys.use(tenantId, 'audit', 'first', (key) => auditSaltsWith(key.bytes, this.#keyAgeMs));
  }

  /** Forgets and zeroes every key that is held in clear; the next use loads them anew. */
  clear(): void {
    this.#subjectKeys.clear();
    this.#tenantKeys.clear();
  }
}

const personalPlace = ({ tenantId, subjectId, purpose, record }: PersonalPlace): string[] => {
  assertUuid(tenantId);
  assertUuid(subjectId);
  return ['personal', tenantId, subjectId, purpose, record];
};

const cellPlace = (kind: 'token' | 'client_secret', { tenantId, table, column, row }: TokenPlace): string[] => {
  assertUuid(tenantId);
  return [kind, tenantId, table, column, row];
};

const deadLetterPlace = (tenantId: string, record: string): string[] => {
  assertUuid(tenantId);
  return ['dead_letter', tenantId, record];
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** One spelling only: the same id in upper case would be another place, and its data would not open. */
const assertUuid = (id: string): void => {
  if (!uuid.test(id)) throw new TypeError('ids of tenants and subjects are UUIDs in lower case');
};
