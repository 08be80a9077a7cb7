export type { Comparison } from './compare.js';
export { verifyReadModels } from './verify.js';
export type { VerifiedModel, VerifyOptions } from './verify.js';
