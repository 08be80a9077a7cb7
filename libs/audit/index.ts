export * from './entries/index.js';
export { FileMissing, Malformed, ProofRefused, QuorumMissing, RootMismatch, SignatureRefused } from './errors.js';
export * from './merkle/index.js';
export * from './notes/index.js';
export * from './receipts/index.js';
export * from './tiles/index.js';
export * from './verifier/index.js';
