export { parseTrustPolicy } from './parse.js';
export type { PolicyLog, PolicyWitness, TrustPolicy } from './trust-policy.js';
