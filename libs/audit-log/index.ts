export type { AuditedEvent } from './audited-event.js';
export { boundedLog } from './bounded-log.js';
export { eventBytes } from './event-bytes.js';
export {
  formatInterleaving,
  interleavingPath,
  interleavingPrefix,
  leafRunsOf,
  parseInterleaving,
  sizeAfter,
  sizeOfInterleavingPath,
} from './interleaving.js';
export type { Interleaving } from './interleaving.js';
export { LeafRuns, LeafRunsChanged } from './leaf-runs.js';
export type { EventPlace, LeafRun, ShardRun } from './leaf-runs.js';
export { openingOf } from './openings.js';
export { auditedColumns, auditedFrom, readAudited } from './read.js';
export type { AuditedRow } from './read.js';
export { tenantEvent, tenantEventsBetween, tenantStream } from './tenant-reads.js';
export type { TenantPlace } from './tenant-reads.js';
