import type { KeyManagement, SigningKey } from './key-management.js';
import { assertMayUse } from './who-may-decrypt.js';
import type { KeyUser } from './who-may-decrypt.js';

/** The keys that sign the audit log, as far as an app may use them: the anchor signs, an operator looks at what it introduces. */
export class LogSigning implements Pick<KeyManagement, 'sign' | 'signingKey'> {
  readonly #app: KeyUser;
  readonly #kms: Pick<KeyManagement, 'sign' | 'signingKey'>;

  constructor({ app, kms }: { app: KeyUser; kms: Pick<KeyManagement, 'sign' | 'signingKey'> }) {
    this.#app = app;
    this.#kms = kms;
  }

  /** See KeyManagement. Rejects with KeyUseDenied where the app may not. */
  async sign(keyName: string, message: Buffer): Promise<Buffer> {
    assertMayUse(this.#app, 'checkpoint:sign');
    return this.#kms.sign(keyName, message);
  }

  /** See KeyManagement. Rejects with KeyUseDenied where the app may not. */
  async signingKey(keyName: string): Promise<SigningKey> {
    assertMayUse(this.#app, 'checkpoint:show-key');
    return this.#kms.signingKey(keyName);
  }
}
