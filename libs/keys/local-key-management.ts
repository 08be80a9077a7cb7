import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { KeyringRefused, UnwrapRefused } from './errors.js';
import { canonicalContext } from './key-management.js';
import type { EncryptionContext, Environment, GeneratedDataKey, KeyManagement } from './key-management.js';
import { readOrCreateSecretFile } from './secret-file/index.js';

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
/** Layout of a wrapped key: format, version of the master key (uint32), nonce, ciphertext, tag. A storage format. */
const wrapFormat = 1;
const headerBytes = 5;
const wrappedBytes = headerBytes + nonceBytes + keyBytes + tagBytes;

/** The keyring file: `masterKeys` by version (base64), the version that wraps, and the root of the MAC keys. A storage format. */
interface KeyringFile {
  format: 1;
  current: number;
  masterKeys: Record<string, string>;
  macKey: string;
}

/**
 * Key management out of a keyring file on this machine, for the embedded default: AES-256-GCM with the canonical context as
 * additional data. It protects a copied database, not a copied machine, so production refuses it.
 */
export class LocalKeyManagement implements KeyManagement {
  readonly #masterKeys: Map<number, Buffer>;
  readonly #current: number;
  readonly #macKey: Buffer;

  private constructor(ring: KeyringFile) {
    this.#masterKeys = new Map(
      Object.entries(ring.masterKeys).map(([version, key]) => [Number(version), decodeKey(key)]),
    );
    this.#current = ring.current;
    this.#macKey = decodeKey(ring.macKey);
  }

  /**
   * Opens the keyring at `path`, or creates it (0600) with a random master key. Processes that start at once share one keyring.
   * Throws KeyringRefused in production and for a file that is not a keyring, SecretFileExposed for one that others can read.
   */
  static async open({ path, environment }: { path: string; environment: Environment }): Promise<LocalKeyManagement> {
    if (environment === 'production') {
      throw new KeyringRefused(
        'production needs a real KMS: set KMS_PROVIDER=aws; the local keyring is for development',
      );
    }
    return new LocalKeyManagement(parseKeyring(await readOrCreateSecretFile(path, newKeyring), path));
  }

  generateDataKey(context: EncryptionContext): Promise<GeneratedDataKey> {
    const plaintext = randomBytes(keyBytes);
    return Promise.resolve({ plaintext, wrapped: this.#wrap(plaintext, context) });
  }

  decrypt(wrapped: Buffer, context: EncryptionContext): Promise<Buffer> {
    try {
      return Promise.resolve(this.#unwrap(wrapped, context));
    } catch (cause) {
      return Promise.reject(new UnwrapRefused({ cause }));
    }
  }

  mac(keyName: string, data: Buffer): Promise<Buffer> {
    const key = Buffer.from(hkdfSync('sha256', this.#macKey, '', `billing/mac/${keyName}`, keyBytes));
    return Promise.resolve(createHmac('sha256', key).update(data).digest());
  }

  #wrap(plaintext: Buffer, context: EncryptionContext): Buffer {
    const header = Buffer.alloc(headerBytes);
    header.writeUInt8(wrapFormat);
    header.writeUInt32BE(this.#current, 1);
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#masterKey(this.#current), nonce, { authTagLength: tagBytes });
    cipher.setAAD(Buffer.concat([header, canonicalContext(context)]));
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return Buffer.concat([header, nonce, ciphertext, cipher.getAuthTag()]);
  }

  #unwrap(wrapped: Buffer, context: EncryptionContext): Buffer {
    if (wrapped.length !== wrappedBytes) throw new Error('not the length of a wrapped key');
    if (wrapped.readUInt8() !== wrapFormat) throw new Error('unknown format of a wrapped key');
    const nonceEnd = headerBytes + nonceBytes;
    const masterKey = this.#masterKey(wrapped.readUInt32BE(1));
    const nonce = wrapped.subarray(headerBytes, nonceEnd);
    const decipher = createDecipheriv('aes-256-gcm', masterKey, nonce, { authTagLength: tagBytes });
    decipher.setAAD(Buffer.concat([wrapped.subarray(0, headerBytes), canonicalContext(context)]));
    decipher.setAuthTag(wrapped.subarray(-tagBytes));
    return Buffer.concat([decipher.update(wrapped.subarray(nonceEnd, -tagBytes)), decipher.final()]);
  }

  #masterKey(version: number): Buffer {
    const key = this.#masterKeys.get(version);
    if (!key) throw new Error(`the keyring has no master key of version ${version}`);
    return key;
  }
}

const newKeyring = (): string => {
  const random = () => randomBytes(keyBytes).toString('base64');
  const ring: KeyringFile = { format: 1, current: 1, masterKeys: { 1: random() }, macKey: random() };
  return `${JSON.stringify(ring, null, 2)}\n`;
};

const parseKeyring = (text: string, path: string): KeyringFile => {
  let ring: unknown;
  try {
    ring = JSON.parse(text);
  } catch {
    // The parser's message would quote the file, and with it a key.
  }
  if (!isKeyring(ring)) {
    throw new KeyringRefused(
      `${path} is not a keyring of format 1; restore it from a backup, without it no sealed data opens`,
    );
  }
  return ring;
};

const isKeyring = (value: unknown): value is KeyringFile => {
  if (typeof value !== 'object' || value === null) return false;
  const ring = value as Partial<Record<keyof KeyringFile, unknown>>;
  if (ring.format !== 1 || typeof ring.masterKeys !== 'object' || ring.masterKeys === null) return false;
  const keys = Object.values(ring.masterKeys);
  return Object.hasOwn(ring.masterKeys, String(ring.current)) && keys.every(isKey) && isKey(ring.macKey);
};

const isKey = (value: unknown): boolean => typeof value === 'string' && decodeKey(value).length === keyBytes;
const decodeKey = (text: string): Buffer => Buffer.from(text, 'base64');
