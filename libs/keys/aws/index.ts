export type { KmsLogger } from './kms-line.js';
export { openAwsKeyManagement } from './open-aws-key-management.js';
export type { KmsObservers } from './open-aws-key-management.js';
