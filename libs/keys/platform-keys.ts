import { KeyMissing } from './errors.js';
import { KeyCache } from './key-cache.js';
import type { KeyCacheLimits, KeyMaterial } from './key-cache.js';
import type { EncryptionContext, Environment, KeyManagement } from './key-management.js';
import { isSealedByKms, secretBytes, secretOf, secretTextOf, wrappedSecretOf } from './sealed-secret.js';
import type { SecretHome, SecretPlace } from './sealed-secret.js';
import { openText, parseSealedText, sealText } from './sealed-text.js';
import { loadDataKey } from './stored-data-key.js';
import type { KeyVersion, WrappedKey } from './stored-data-key.js';
import { assertMayUseIn } from './who-may-decrypt.js';
import type { KeyCapability, KeyUser, PlatformPurpose, SecretPurpose } from './who-may-decrypt.js';

export type { SecretPlace } from './sealed-secret.js';

/** The port to where the platform's own wrapped DEKs lie. */
export interface PlatformKeyStore {
  /** Every version, oldest first; empty where there is none. */
  read(processor: string, purpose: PlatformPurpose): Promise<WrappedKey[]>;
  /** Stores a version unless it exists already, in which case nothing changes. */
  insert(processor: string, purpose: PlatformPurpose, version: number, wrapped: Buffer): Promise<void>;
}

/** The event whose delivery is sealed. The same words must be given to open it. */
export interface InboxPlace {
  /** Such as `stripe`. */
  processor: string;
  eventId: string;
}

/** A delivery as it came in. */
export interface InboxLetter {
  /** At most 1 MiB. */
  body: Buffer;
  /** The header that it was verified by; undefined where it was not delivered but fetched. */
  signature: string | undefined;
}

export interface PlatformKeysOptions {
  /** The app that asks. It can do what `whoMayDecrypt` lists for it; all else rejects with KeyUseDenied. */
  app: KeyUser;
  environment: Environment;
  kms: KeyManagement;
  store: PlatformKeyStore;
  cache?: KeyCacheLimits;
}

/** Of a body; the largest that a webhook may have. */
export const maxInboxBodyBytes = 1_048_576;
/** Node takes no more than 16 KiB of headers. */
const maxSignatureBytes = 16_384;
const lengthBytes = 4;
const maxLetterBytes = lengthBytes + maxSignatureBytes + maxInboxBodyBytes;

/**
 * Seals and opens what belongs to the platform and to no tenant, or to none yet: deliveries by envelope encryption (KMS -> platform DEK ->
 * key of a record), secrets by the KMS itself, so that who may seal them need not be one who may open them. Anything changed or moved, to
 * another event, row or environment, rejects with SealBroken, or with UnwrapRefused where the KMS sees it.
 */
export class PlatformKeys {
  readonly #options: PlatformKeysOptions;
  readonly #cache: KeyCache;

  constructor(options: PlatformKeysOptions) {
    this.#options = options;
    this.#cache = new KeyCache(options.cache);
  }

  /** Seals the delivery of an event for its row. Throws RangeError for a body over 1 MiB. */
  async sealInbox(place: InboxPlace, letter: InboxLetter): Promise<string> {
    this.#assertMay('inbox:seal');
    const bytes = bytesOf(letter);
    return this.#use(place.processor, 'inbox', 'latest', (key) =>
      sealText(key, inboxPlace(place), bytes, maxLetterBytes),
    );
  }

  /** Opens the delivery of this very event. */
  async openInbox(place: InboxPlace, sealed: string): Promise<InboxLetter> {
    this.#assertMay('inbox:open');
    const parsed = parseSealedText(sealed, maxLetterBytes);
    return this.#use(place.processor, 'inbox', parsed.keyVersion, (key) =>
      letterOf(openText(key, inboxPlace(place), parsed)),
    );
  }

  /** Seals a webhook secret for its row, in this environment. */
  async sealWebhookSecret(place: SecretPlace, secret: string): Promise<string> {
    this.#assertMay('webhook-secret:seal');
    return this.#sealSecret('webhook_secret', place, secret);
  }

  /** Opens the webhook secret of this very row, also one that an earlier release sealed under a key of the platform. */
  async openWebhookSecret(place: SecretPlace, sealed: string): Promise<string> {
    this.#assertMay('webhook-secret:open');
    if (isSealedByKms(sealed)) return this.#openSecret('webhook_secret', place, sealed);
    const parsed = parseSealedText(sealed);
    const { environment } = this.#options;
    const { processor, account, version } = place;
    const sealedFor = ['webhook_secret', processor, account, environment, String(version)];
    return this.#use(processor, 'webhook_secret', parsed.keyVersion, (key) =>
      openText(key, sealedFor, parsed).toString(),
    );
  }

  /** Seals a key of the processor's API for its row, in this environment. */
  async sealApiKey(place: SecretPlace, key: string): Promise<string> {
    this.#assertMay('api-key:seal');
    return this.#sealSecret('api_key', place, key);
  }

  /** Opens the API key of this very row. */
  async openApiKey(place: SecretPlace, sealed: string): Promise<string> {
    this.#assertMay('api-key:open');
    return this.#openSecret('api_key', place, sealed);
  }

  /** Forgets and zeroes every key that is held in clear; the next use loads them anew. */
  clear(): void {
    this.#cache.clear();
  }

  #assertMay(capability: KeyCapability): void {
    assertMayUseIn(this.#options.environment, this.#options.app, capability);
  }

  async #sealSecret(purpose: SecretPurpose, place: SecretPlace, secret: string): Promise<string> {
    const { kms, environment } = this.#options;
    const bytes = secretBytes(this.#homeOf(purpose, place), secret);
    try {
      return secretTextOf(await kms.encrypt(bytes, { processor: place.processor, purpose, environment }));
    } finally {
      bytes.fill(0);
    }
  }

  async #openSecret(purpose: SecretPurpose, place: SecretPlace, sealed: string): Promise<string> {
    const { kms, environment } = this.#options;
    const bytes = await kms.decrypt(wrappedSecretOf(sealed), { processor: place.processor, purpose, environment });
    try {
      return secretOf(this.#homeOf(purpose, place), bytes);
    } finally {
      bytes.fill(0);
    }
  }

  #homeOf(purpose: SecretPurpose, { processor, account, version }: SecretPlace): SecretHome {
    return { purpose, processor, account, version, environment: this.#options.environment };
  }

  #use<T>(processor: string, purpose: PlatformPurpose, version: KeyVersion, work: (key: KeyMaterial) => T): Promise<T> {
    return this.#cache.use(`${processor}/${purpose}/${version}`, () => this.#load(processor, purpose, version), work);
  }

  async #load(processor: string, purpose: PlatformPurpose, version: KeyVersion): Promise<KeyMaterial> {
    const { environment, kms, store } = this.#options;
    const context: EncryptionContext = { processor, purpose, environment };
    const rows = {
      read: () => store.read(processor, purpose),
      insertFirst: (wrapped: Buffer) => store.insert(processor, purpose, 1, wrapped),
    };
    const key = await loadDataKey(kms, context, rows, version);
    if (!key) throw new KeyMissing(`processor ${processor}`, purpose, typeof version === 'number' ? version : 1);
    return key;
  }
}

const inboxPlace = ({ processor, eventId }: InboxPlace): string[] => ['inbox', processor, eventId];

/** The length of the header (uint32; all ones where there is none), the header, the body. A storage format. */
const bytesOf = ({ body, signature }: InboxLetter): Buffer => {
  if (body.length > maxInboxBodyBytes)
    throw new RangeError(`the body of a delivery has at most ${maxInboxBodyBytes} bytes`);
  const header = Buffer.from(signature ?? '');
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(signature === undefined ? noSignature : header.length);
  return Buffer.concat([length, header, body]);
};

const noSignature = 0xffffffff;

const letterOf = (bytes: Buffer): InboxLetter => {
  const length = bytes.readUInt32BE();
  if (length === noSignature) return { body: bytes.subarray(lengthBytes), signature: undefined };
  const end = lengthBytes + length;
  return { body: bytes.subarray(end), signature: bytes.subarray(lengthBytes, end).toString() };
};
