import { ConfigurationError } from '#platform/configuration';

/** Raised when sealed data does not open: changed, cut short, moved to another place, or sealed under another key. */
export class SealBroken extends Error {
  readonly code = 'seal_broken';
  constructor(reason: string, options?: ErrorOptions) {
    super(`sealed data does not open (${reason}); it was changed or moved since it was written`, options);
  }
}

/** Raised when data names a key version that is not stored. Nothing can open it: restore the row of the key first. */
export class KeyMissing extends Error {
  readonly code = 'key_missing';
  /** `whose`: such as `tenant 1111...` or `processor stripe`. */
  constructor(whose: string, purpose: string, version: number) {
    super(
      `${whose} has no '${purpose}' key of version ${version}; restore tenant_key and platform_key before reading on`,
    );
  }
}

/** Raised when what opens cannot be sealed anew, because the newest version of the key does not open or seals nothing that opens. */
export class NewestKeyUnusable extends Error {
  readonly code = 'newest_key_unusable';
  constructor(purpose: string, options?: ErrorOptions) {
    super(`the newest '${purpose}' key of a tenant cannot be used; what older ones seal stays as it is`, options);
  }
}

/** Raised when an app asks for a key that `whoMayDecrypt` does not list for it. */
export class KeyUseDenied extends Error {
  readonly code = 'key_use_denied';
  constructor(app: string, capability: string) {
    super(`${app} may not use keys for ${capability}; see libs/keys/who-may-decrypt.ts`);
  }
}

/** Raised when the KMS refuses to unwrap: wrong context, wrong key or changed bytes. */
export class UnwrapRefused extends Error {
  readonly code = 'unwrap_refused';
  constructor(options?: ErrorOptions) {
    super('the key management refused to unwrap a key: its context, its master key or its bytes differ', options);
  }
}

/** Raised when the local keyring may not or cannot be used. The message says what to do. */
export class KeyringRefused extends ConfigurationError {
  readonly code = 'keyring_refused';
}

/** Why the key management cannot be used just now. */
export type KeyManagementTrouble = 'unreachable' | 'timeout' | 'throttled' | 'disabled' | 'pending_deletion' | 'denied';

/**
 * Raised when the key management cannot be used just now. Nothing was sealed or opened: the work may be tried again, and callers are
 * answered 503. For `disabled`, `pending_deletion` and `denied` a person has to act first.
 */
export class KeyManagementUnavailable extends Error {
  readonly code = 'key_management_unavailable';
  /** Whether the KMS itself says no, because of the key or of what its caller may: then what was opened before must not be used on. */
  readonly saidNo: boolean;

  /** `saidNo`: false where it is for another reason than the key or what its caller may, such as credentials that have run out. */
  constructor(
    readonly trouble: KeyManagementTrouble,
    { saidNo = true, ...options }: ErrorOptions & { saidNo?: boolean } = {},
  ) {
    super(`the key management cannot be used just now (${trouble}); nothing was changed, try again`, options);
    this.saidNo = saidNo && ['denied', 'disabled', 'pending_deletion'].includes(trouble);
  }
}
