export { SaltsExpired } from './audit-salts.js';
export type { AuditSalts } from './audit-salts.js';
export { apiKeyForm, mayBeUsedIn } from './api-key.js';
export type { ApiKeyForm } from './api-key.js';
export {
  KeyManagementUnavailable,
  KeyMissing,
  KeyUseDenied,
  KeyringRefused,
  NewestKeyUnusable,
  SealBroken,
  UnwrapRefused,
} from './errors.js';
export type { KeyManagementTrouble } from './errors.js';
export type { KeyCacheLimits } from './key-cache.js';
export type {
  EncryptionContext,
  Environment,
  GeneratedDataKey,
  KeyManagement,
  PlatformContext,
  SignatureAlgorithm,
  SigningKey,
  TenantContext,
} from './key-management.js';
export { Keys } from './keys.js';
export type { KeysOptions, Opened, PersonalPlace, TokenPlace } from './keys.js';
export { OpenedSecrets, openedFor } from './opened-secrets.js';
export type { OpenedLimits } from './opened-secrets.js';
export { LogSigning } from './log-signing.js';
export { LocalKeyManagement } from './local/index.js';
export { openKeyManagement } from './open-key-management.js';
export { normalizeEmail } from './normalize-email.js';
export {
  clientSecretPlace,
  customerPersonalPlace,
  methodDetailsPlace,
  onlyAttempt,
  processorTokenPlace,
} from './places.js';
export { PlatformKeys, maxInboxBodyBytes } from './platform-keys.js';
export type { InboxLetter, InboxPlace, PlatformKeyStore, PlatformKeysOptions, SecretPlace } from './platform-keys.js';
export { PostgresPlatformKeyStore } from './postgres/platform-key-store.js';
export { PostgresKeyCandidates, candidateLifeMs } from './postgres/key-candidates.js';
export type { CandidateFinding } from './postgres/key-candidates.js';
export { PostgresMasterKeyStore } from './postgres/master-key-store.js';
export { PostgresProcessorSecrets } from './postgres/processor-secrets.js';
export { SecretAges, secretLifeDays } from './postgres/secret-ages.js';
export { SecretRefused } from './postgres/secret-rows.js';
export type { SecretKind, SecretName, StoredSecret } from './postgres/secret-rows.js';
export { PostgresSubjectKeyStore } from './postgres/subject-key-store.js';
export { PostgresTenantKeyStore } from './postgres/tenant-key-store.js';
export { PostgresTenantKeyring } from './postgres/tenant-keyring.js';
export * from './rotation/index.js';
export type { Subject, SubjectKeyStore, SubjectPurpose } from './subject-keys.js';
export type { WrappedKey } from './stored-data-key.js';
export type { TenantKeyStore } from './tenant-keys.js';
export { whoMayDecrypt } from './who-may-decrypt.js';
export type { KeyCapability, KeyPurpose, KeyUser, PlatformPurpose } from './who-may-decrypt.js';
