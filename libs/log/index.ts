export * from './port.js';
export { CheckpointWatch } from './postgres/checkpoint-watch.js';
export { PostgresLog } from './postgres/postgres-log.js';
export { readAfter } from './postgres/read.js';
export { LogTail } from './postgres/tail.js';
export type { Awaited } from './postgres/tail.js';
