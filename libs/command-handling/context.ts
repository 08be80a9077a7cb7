import type { Actor } from '#contracts';

/** Who asks, as which tenant, under which id. Made at the edge (HTTP or Kafka) after authorization, and the same for both. */
export interface CommandContext {
  tenantId: string;
  actor: Actor;
  /** `commandIdOf` the tenant, the source, the caller and the caller's key. */
  commandId: string;
  /** What was asked, as `Fingerprints.of` gives it. */
  fingerprint: Buffer;
  /** RFC 3339 instant at which the command came in: the only clock a decision sees. */
  at: string;
  /** How long the caller waits for the processor, 0 to 60,000 ms. */
  waitMs: number;
  traceparent?: string;
}
