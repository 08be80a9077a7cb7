export { readKeyHistory } from './history.js';
export type { KeyHistory } from './history.js';
export { identityByHistory, keysThatSign } from './identity.js';
export { PublishedKeyReceipts } from './receipts.js';
export type { KeyReceiptsOptions } from './receipts.js';
export { AuditKeyRegister } from './register.js';
export type { Registered } from './register.js';
export { verifierKeyOf } from './verifier-key-of.js';
export { vouchedKeys } from './vouched.js';
