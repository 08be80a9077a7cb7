export { CompactRange } from './compact-range.js';
export type { OnNode } from './compact-range.js';
export { emptyRoot, hashBytes, hashPairInto, leafHash, nodeHash, sameHash, sha256, sha256Of } from './hashing.js';
export { consistencyProof, inclusionProof, rootOf } from './proofs.js';
export type { NodeReader } from './proofs.js';
export { verifyConsistency, verifyInclusion } from './verify.js';
export type { Inclusion, TreeHead } from './verify.js';
