import { createPublicKey, randomBytes, sign } from 'node:crypto';
import { KeyManagementUnavailable, KeyringRefused, UnwrapRefused } from '../errors.js';
import { hkdfSha256 } from '../hkdf.js';
import { hmacSha256 } from '../hmac.js';
import { canonicalContext } from '../key-management.js';
import type { EncryptionContext, Environment, GeneratedDataKey, KeyManagement, SigningKey } from '../key-management.js';
import { boxOverhead, keyBytes, openBox, sealBox } from './box.js';
import { KeyringStore } from './keyring-store.js';
import type { MasterKeySource } from './keyring-store.js';
import type { Keyring } from './keyring.js';
import { algorithmOf, signingKeyOf } from './signing-keys.js';

/** Layout of a wrapped key: format, version of the wrapping key (uint32), then a box (nonce, ciphertext, tag). A storage format. */
const wrapFormat = 1;
const headerBytes = 5;
const noSalt = Buffer.alloc(0);
/** As AWS KMS takes them. */
const maxPlaintextBytes = 4_096;
const maxWrappedBytes = headerBytes + boxOverhead + maxPlaintextBytes;

/**
 * Key management out of a keyring file on this machine, for the embedded default: AES-256-GCM with the canonical context as
 * additional data. It protects a copied database, not a copied machine, so production refuses it.
 */
export class LocalKeyManagement implements KeyManagement {
  readonly #store: KeyringStore;

  private constructor(store: KeyringStore) {
    this.#store = store;
  }

  /**
   * Opens the keyring at `path`, or creates it (0600) with random keys. It is sealed under a master key: the one that `masterKey` gives, or
   * that of a file beside the keyring, made with it. Processes that start at once share one keyring. A keyring of an earlier release is
   * written anew. Throws KeyringRefused in production, for a file that is not a keyring and for another master key, SecretFileExposed for
   * a file that others can read.
   */
  static async open({
    path,
    environment,
    masterKey,
  }: {
    path: string;
    environment: Environment;
    masterKey?: MasterKeySource;
  }): Promise<LocalKeyManagement> {
    if (environment === 'production') {
      throw new KeyringRefused(
        'production needs a real KMS: set KMS_PROVIDER=aws; the local keyring is for development',
      );
    }
    return new LocalKeyManagement(await KeyringStore.open(path, masterKey));
  }

  async generateDataKey(context: EncryptionContext): Promise<GeneratedDataKey> {
    const plaintext = randomBytes(keyBytes);
    return { plaintext, wrapped: await this.encrypt(plaintext, context) };
  }

  async generateDataKeyWithoutPlaintext(context: EncryptionContext): Promise<Buffer> {
    const { plaintext, wrapped } = await this.generateDataKey(context);
    plaintext.fill(0);
    return wrapped;
  }

  async encrypt(plaintext: Buffer, context: EncryptionContext): Promise<Buffer> {
    assertSize(plaintext);
    return wrap(await this.#newest(), plaintext, context);
  }

  async decrypt(wrapped: Buffer, context: EncryptionContext): Promise<Buffer> {
    if (wrapped.length < headerBytes + boxOverhead || wrapped.length > maxWrappedBytes) throw new UnwrapRefused();
    const version = wrapped.readUInt32BE(1);
    const { held } = this.#store;
    // Another process may have rotated since we looked.
    const ring = held.wrappingKeys.has(version) ? held : await this.#newest();
    try {
      return unwrap(ring, version, wrapped, context);
    } catch (cause) {
      throw new UnwrapRefused({ cause });
    }
  }

  async reEncrypt(wrapped: Buffer, context: EncryptionContext): Promise<Buffer> {
    const plaintext = await this.decrypt(wrapped, context);
    try {
      return await this.encrypt(plaintext, context);
    } finally {
      plaintext.fill(0);
    }
  }

  async proveOpens(wrapped: Buffer, context: EncryptionContext): Promise<void> {
    (await this.decrypt(wrapped, context)).fill(0);
  }

  mac(keyName: string, data: Buffer): Promise<Buffer> {
    const { macRoot } = this.#store.held;
    const key = hkdfSha256(macRoot, noSalt, `billing/mac/${keyName}`, keyBytes);
    return Promise.resolve(hmacSha256(key, data));
  }

  async sign(keyName: string, message: Buffer): Promise<Buffer> {
    assertSize(message);
    const algorithm = algorithmOf(keyName);
    const key = signingKeyOf(this.#store.held.signingRoot, keyName);
    return Promise.resolve(sign(algorithm === 'ed25519' ? null : 'sha256', message, key));
  }

  /** A name that ends in `-p256` is a key of P-256, any other of Ed25519. */
  signingKey(keyName: string): Promise<SigningKey> {
    const key = createPublicKey(signingKeyOf(this.#store.held.signingRoot, keyName));
    return Promise.resolve({
      algorithm: algorithmOf(keyName),
      publicKey: key.export({ format: 'der', type: 'spki' }),
    });
  }

  /** Other processes wrap under the new key from their next wrapping on. */
  rotateMasterKey(): Promise<void> {
    return this.#store.rotate();
  }

  async masterKeyRotations(): Promise<number> {
    return (await this.#newest()).current - 1;
  }

  /** That the file cannot be read says nothing of what is to be wrapped or opened: it is as a KMS that cannot be reached. */
  async #newest(): Promise<Keyring> {
    try {
      return await this.#store.newest();
    } catch (cause) {
      throw new KeyManagementUnavailable('unreachable', { cause });
    }
  }
}

const unwrap = (ring: Keyring, version: number, wrapped: Buffer, context: EncryptionContext): Buffer => {
  if (wrapped.readUInt8() !== wrapFormat) throw new Error('unknown format of a wrapped key');
  const header = wrapped.subarray(0, headerBytes);
  return openBox(wrappingKey(ring, version), placeOf(header, context), wrapped.subarray(headerBytes));
};

const wrap = (ring: Keyring, plaintext: Buffer, context: EncryptionContext): Buffer => {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(wrapFormat);
  header.writeUInt32BE(ring.current, 1);
  return Buffer.concat([header, sealBox(wrappingKey(ring, ring.current), placeOf(header, context), plaintext)]);
};

const placeOf = (header: Buffer, context: EncryptionContext): Buffer =>
  Buffer.concat([header, canonicalContext(context)]);

const wrappingKey = (ring: Keyring, version: number): Buffer => {
  const key = ring.wrappingKeys.get(version);
  if (!key) throw new Error(`the keyring has no key of version ${version}`);
  return key;
};

const assertSize = (bytes: Buffer): void => {
  if (bytes.length > maxPlaintextBytes) throw new RangeError(`the KMS takes ${maxPlaintextBytes} bytes at most`);
};
