export { AccessRecordUnavailable } from './grant-writer.js';
export { AccessStreams } from './access-streams.js';
export { deniedConnections } from './denied-connections.js';
export { AccessRecorder } from './recorder.js';
export type { AccessRecorderParts } from './recorder.js';
export { grantedEvent, webhookAction } from './recordable.js';
