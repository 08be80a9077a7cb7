export * from './entries/index.js';
export {
  FileMissing,
  KeyHistoryRefused,
  Malformed,
  ProofRefused,
  QuorumMissing,
  RootMismatch,
  SignatureRefused,
} from './errors.js';
export * from './key-history/index.js';
export * from './merkle/index.js';
export * from './notes/index.js';
export * from './receipts/index.js';
export * from './tiles/index.js';
export { isLoopback, isTrustworthy } from './trustworthy-address.js';
export * from './verifier/index.js';
export * from './witness-policy/index.js';
