export { MasterKeyBusy, MasterKeyPending, MasterKeyRotation } from './master-key-rotation.js';
export type { MasterKeyProgress, MasterKeyStore, RewrappedSoFar, StoredCiphertext } from './master-key-rotation.js';
export { NewestRefused } from './newest-opens.js';
export { PlatformKeyRotation, rotatingPlatformPurposes } from './platform-key-rotation.js';
export type { PlatformKeyVersion, RotatingPlatformPurpose } from './platform-key-rotation.js';
export { isRotating, lastingPurposes, resealedPurposes, rotatingPurposes, tenantPurposes } from './purposes.js';
export type { ResealedPurpose, RotatingPurpose } from './purposes.js';
export { TenantKeyRotation } from './tenant-key-rotation.js';
export type { TenantKeyVersion, TenantKeyring } from './tenant-key-rotation.js';
