import type { Environment, KeyManagement } from '../key-management.js';
import type { PlatformKeyStore } from '../platform-keys.js';
import { assertNewestOpens } from './newest-opens.js';
import { assertMayUse } from '../who-may-decrypt.js';
import type { KeyUser } from '../who-may-decrypt.js';

/** What keys of the platform seal by now. What they seal expires by itself, so nothing of it is sealed anew. */
export const rotatingPlatformPurposes = ['inbox'] as const;
export type RotatingPlatformPurpose = (typeof rotatingPlatformPurposes)[number];

/** Makes newer versions of the platform's own keys. */
export class PlatformKeyRotation {
  readonly #options: { app: KeyUser; environment: Environment; kms: KeyManagement; store: PlatformKeyStore };

  constructor(options: { app: KeyUser; environment: Environment; kms: KeyManagement; store: PlatformKeyStore }) {
    this.#options = options;
  }

  /**
   * Makes the next version, the first where there is none. Gives its number. Rejects with NewestRefused where the newest does not open under
   * this key management.
   */
  async rotate(processor: string, purpose: RotatingPlatformPurpose): Promise<number> {
    const { app, kms, environment, store } = this.#options;
    assertMayUse(app, 'platform-key:rotate');
    const newest = (await store.read(processor, purpose)).at(-1);
    if (newest) await assertNewestOpens(kms, newest.wrapped, { processor, purpose, environment });
    const version = (newest?.version ?? 0) + 1;
    const wrapped = await kms.generateDataKeyWithoutPlaintext({ processor, purpose, environment });
    await store.insert(processor, purpose, version, wrapped);
    return version;
  }
}
