import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { UnwrapRefused } from '../errors.js';
import { canonicalContext } from '../key-management.js';
import type { EncryptionContext, KeyManagement, SigningKey } from '../key-management.js';

/** A KMS that keeps its keys in memory, so that a test sees what was asked of it. */
export class KmsInMemory implements KeyManagement {
  readonly #wrapped = new Map<string, { plaintext: Buffer; context: Buffer; masterVersion: number }>();
  readonly #signing = new Map<string, { privateKey: KeyObject; publicKey: KeyObject }>();
  readonly #macRoot = randomBytes(32);
  asked: string[] = [];
  /** The newest version of the master key; rotateMasterKey adds one. */
  masterVersion = 1;
  /** What every call rejects with while it is set. */
  trouble: Error | undefined;

  /** Which version of the master key wrapped it; undefined for what was not wrapped here. */
  wrappedUnder(wrapped: Buffer): number | undefined {
    return this.#wrapped.get(wrapped.toString('hex'))?.masterVersion;
  }

  async generateDataKey(context: EncryptionContext) {
    await this.#ask('generate');
    const plaintext = randomBytes(32);
    return { plaintext, wrapped: this.#wrap(plaintext, context) };
  }

  async generateDataKeyWithoutPlaintext(context: EncryptionContext) {
    await this.#ask('generate unseen');
    return this.#wrap(randomBytes(32), context);
  }

  async encrypt(plaintext: Buffer, context: EncryptionContext) {
    await this.#ask('encrypt');
    return this.#wrap(plaintext, context);
  }

  async decrypt(wrapped: Buffer, context: EncryptionContext) {
    await this.#ask('decrypt');
    return this.#unwrap(wrapped, context);
  }

  async reEncrypt(wrapped: Buffer, context: EncryptionContext) {
    await this.#ask('re-encrypt');
    return this.#wrap(this.#unwrap(wrapped, context), context);
  }

  async proveOpens(wrapped: Buffer, context: EncryptionContext) {
    await this.#ask('prove');
    this.#unwrap(wrapped, context);
  }

  async mac(keyName: string, data: Buffer) {
    await this.#ask('mac');
    return createHmac('sha256', this.#macRoot).update(`${keyName}\0`).update(data).digest();
  }

  async sign(keyName: string, message: Buffer) {
    await this.#ask('sign');
    return sign(null, message, this.#pair(keyName).privateKey);
  }

  async signingKey(keyName: string): Promise<SigningKey> {
    await this.#ask('signing key');
    return {
      algorithm: 'ed25519',
      publicKey: this.#pair(keyName).publicKey.export({ format: 'der', type: 'spki' }),
    };
  }

  async rotateMasterKey() {
    await this.#ask('rotate');
    this.masterVersion += 1;
  }

  async masterKeyRotations() {
    await this.#ask('rotations');
    return this.masterVersion - 1;
  }

  #ask(what: string): Promise<void> {
    this.asked.push(what);
    return this.trouble ? Promise.reject(this.trouble) : Promise.resolve();
  }

  #wrap(plaintext: Buffer, context: EncryptionContext): Buffer {
    const wrapped = randomBytes(16);
    this.#wrapped.set(wrapped.toString('hex'), {
      plaintext: Buffer.from(plaintext),
      context: canonicalContext(context),
      masterVersion: this.masterVersion,
    });
    return wrapped;
  }

  #unwrap(wrapped: Buffer, context: EncryptionContext): Buffer {
    const held = this.#wrapped.get(wrapped.toString('hex'));
    if (!held?.context.equals(canonicalContext(context))) throw new UnwrapRefused();
    return Buffer.from(held.plaintext);
  }

  #pair(keyName: string) {
    const held = this.#signing.get(keyName) ?? generateKeyPairSync('ed25519');
    this.#signing.set(keyName, held);
    return held;
  }
}
