import type { Environment, KeyManagement } from '../key-management.js';
import type { PlatformKeyStore } from '../platform-keys.js';
import { assertNewestOpens } from './newest-opens.js';
import { assertMayUse } from '../who-may-decrypt.js';
import type { KeyUser } from '../who-may-decrypt.js';

/** What keys of the platform seal by now. What they seal expires by itself, so nothing of it is sealed anew. */
export const rotatingPlatformPurposes = ['inbox'] as const;
export type RotatingPlatformPurpose = (typeof rotatingPlatformPurposes)[number];

/** A version of a key of the platform. */
export interface PlatformKeyVersion {
  /** Such as `stripe`. */
  processor: string;
  purpose: RotatingPlatformPurpose;
  version: number;
}

/** Makes newer versions of the platform's own keys. */
export class PlatformKeyRotation {
  readonly #options: { app: KeyUser; environment: Environment; kms: KeyManagement; store: PlatformKeyStore };

  constructor(options: { app: KeyUser; environment: Environment; kms: KeyManagement; store: PlatformKeyStore }) {
    this.#options = options;
  }

  /**
   * Makes the version that follows `version`, the newest until now; 0 where there is none. False where somebody has made it already. Whoever has
   * the key in its cache seals under the one before it for as long as the cache keeps it. Rejects with NewestRefused where `version` does not
   * open under this key management.
   */
  async rotate({ processor, purpose, version }: PlatformKeyVersion): Promise<boolean> {
    const { app, kms, environment, store } = this.#options;
    assertMayUse(app, 'platform-key:rotate');
    const newest = (await store.read(processor, purpose)).at(-1);
    if ((newest?.version ?? 0) !== version) return false;
    if (newest) await assertNewestOpens(kms, newest.wrapped, { processor, purpose, environment });
    const wrapped = await kms.generateDataKeyWithoutPlaintext({ processor, purpose, environment });
    await store.insert(processor, purpose, version + 1, wrapped);
    // Another process may have been first: then its version is there, and not ours.
    const added = (await store.read(processor, purpose)).find((each) => each.version === version + 1);
    return added?.wrapped.equals(wrapped) ?? false;
  }
}
