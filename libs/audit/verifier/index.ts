export { LogBroken } from './log-broken.js';
export type { Finding, FindingKind } from './log-broken.js';
export { OpenedLeaves } from './opened-leaves.js';
export type { LeafOpenings, OpenedLeavesOptions } from './opened-leaves.js';
export { verifyLog } from './verify-log.js';
export type { Leaf, LogCheck, VerifiedLog, WrongLeaf } from './verify-log.js';
