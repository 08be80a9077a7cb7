export { KeyMissing, KeyUseDenied, KeyringRefused, SealBroken, UnwrapRefused } from './errors.js';
export type { KeyCacheLimits } from './key-cache.js';
export type {
  EncryptionContext,
  Environment,
  GeneratedDataKey,
  KeyManagement,
  PlatformContext,
  TenantContext,
} from './key-management.js';
export { Keys } from './keys.js';
export type { KeysOptions, Opened, PersonalPlace, TokenPlace } from './keys.js';
export { LocalKeyManagement } from './local-key-management.js';
export { openKeyManagement } from './open-key-management.js';
export { normalizeEmail } from './normalize-email.js';
export { PlatformKeys, maxInboxBodyBytes } from './platform-keys.js';
export type {
  InboxLetter,
  InboxPlace,
  PlatformKeyStore,
  PlatformKeysOptions,
  WebhookSecretPlace,
} from './platform-keys.js';
export { PostgresPlatformKeyStore } from './postgres/platform-key-store.js';
export { PostgresProcessorSecrets, SecretRefused } from './postgres/processor-secrets.js';
export type { SecretName, StoredSecret } from './postgres/processor-secrets.js';
export { PostgresSubjectKeyStore } from './postgres/subject-key-store.js';
export { PostgresTenantKeyStore } from './postgres/tenant-key-store.js';
export type { Subject, SubjectKeyStore, SubjectPurpose } from './subject-keys.js';
export type { WrappedKey } from './stored-data-key.js';
export type { TenantKeyStore } from './tenant-keys.js';
export { whoMayDecrypt } from './who-may-decrypt.js';
export type { KeyCapability, KeyPurpose, KeyUser, PlatformPurpose } from './who-may-decrypt.js';
