export type { Progress } from './replay.js';
export { verifyReadModels } from './verify.js';
export type { VerifiedModel, VerifyOptions } from './verify.js';
