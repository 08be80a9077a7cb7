export { formatReceipt, verifyReceipt } from './receipt.js';
export type { Receipt, Trust, VerifiedReceipt } from './receipt.js';
export { formatTlogProof, parseTlogProof } from './tlog-proof.js';
export type { TlogProof } from './tlog-proof.js';
