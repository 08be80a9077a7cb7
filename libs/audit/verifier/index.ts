export { LogBroken } from './log-broken.js';
export type { Finding, FindingKind } from './log-broken.js';
export { verifyLog } from './verify-log.js';
export type { Leaf, LogCheck, VerifiedLog } from './verify-log.js';
