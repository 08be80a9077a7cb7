/** An event row as it is audited: every column, those that are not text already as the text that is hashed. */
export interface AuditedEvent {
  shard: number;
  position: number;
  tenantId: string;
  streamId: string;
  version: number;
  eventId: string;
  type: string;
  schemaVersion: number;
  correlationId: string;
  causationId: string;
  /** RFC 8785 text, byte for byte as it was stored. */
  data: string;
  /** JSON; what is hashed is its canonical form. */
  metadata: unknown;
  /** RFC 3339 in UTC with six digits of a second: `2026-11-21T03:28:00.123456Z`. */
  recordedAt: string;
}
