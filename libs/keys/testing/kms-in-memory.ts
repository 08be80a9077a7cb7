import { randomBytes } from 'node:crypto';
import { UnwrapRefused } from '../errors.js';
import { canonicalContext } from '../key-management.js';
import type { EncryptionContext, KeyManagement } from '../key-management.js';

/** A KMS that keeps its keys in memory, so that a test sees what was asked of it. */
export class KmsInMemory implements KeyManagement {
  readonly #keys = new Map<string, { plaintext: Buffer; context: Buffer }>();
  asked: string[] = [];

  generateDataKey(context: EncryptionContext) {
    this.asked.push('generate');
    const wrapped = randomBytes(16);
    const plaintext = randomBytes(32);
    this.#keys.set(wrapped.toString('hex'), { plaintext: Buffer.from(plaintext), context: canonicalContext(context) });
    return Promise.resolve({ plaintext, wrapped });
  }

  decrypt(wrapped: Buffer, context: EncryptionContext) {
    this.asked.push('decrypt');
    const key = this.#keys.get(wrapped.toString('hex'));
    if (!key?.context.equals(canonicalContext(context))) return Promise.reject(new UnwrapRefused());
    return Promise.resolve(Buffer.from(key.plaintext));
  }

  mac = () => Promise.reject(new Error('not asked for'));
}
