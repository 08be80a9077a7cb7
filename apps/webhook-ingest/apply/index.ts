import { FactRecorder, driftObserver } from '#command-handling/facts';
import { appendOver, Batcher, StreamReader, TenantShards } from '#event-store';
import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import type { Warnings } from '#platform/warnings';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';

import type { Inbox } from '../inbox/index.js';
import type { OnStep, OpenBody } from './applier.js';
import { Applier } from './applier.js';
import { ApplyMetrics } from './metrics.js';

export type { OnStep, OpenBody, Step } from './applier.js';
export { waitMs } from './ending.js';

export interface ApplierParts {
  /** Logs in as billing_webhook_ingest: streams, tenants, and the read model that finds whose an object is. */
  pool: Pool;
  /** The same role, for appending. Default: `pool`. */
  appendPool?: Pool;
  inbox: Inbox;
  openBody: OpenBody;
  metrics: Registry;
  logger: Logger;
  /** What a person should look at although the work goes on. */
  warnings?: Warnings;
  clock?: () => Date;
  /** Events in hand at once at most: those share queries. Default 128. */
  maxInHand?: number;
  /** How long an event is one process's own. Default 30,000. */
  leaseMs?: number;
  /** How often to look for events that are due. Default 250. */
  pollMs?: number;
  /** How long a look that follows another one waits for more events. Default 40. */
  gatherMs?: number;
  onStep?: OnStep;
}

export interface RunningApplier {
  /** Looks for due events now. */
  wake(): void;
  /** Takes nothing on any more and waits for what is in hand, `graceMs` (default 8,000) at most. */
  close(graceMs?: number): Promise<void>;
}

const maxRegistered = 50_000;

/** Starts the second half of the ingest: what was stored is applied. */
export const startApplier = (parts: ApplierParts): RunningApplier => {
  const { pool, appendPool = pool, inbox, openBody, logger, clock = () => new Date() } = parts;
  // Each tenant's streams under that tenant's row-level security: what an event claims may be false.
  const reader = new StreamReader(pool);
  const onDrift = driftObserver(logger, parts.metrics);
  const streams = new FactRecorder(reader, new Batcher(appendOver(appendPool)), 'webhook-ingest', onDrift);
  const applier = new Applier({
    desk: { pool, shards: new TenantShards(pool), reader, streams, registered: new LRUCache({ max: maxRegistered }) },
    inbox,
    openBody,
    metrics: new ApplyMetrics(parts.metrics),
    logger,
    warnings: parts.warnings,
    clock,
    maxInHand: parts.maxInHand ?? 128,
    leaseMs: parts.leaseMs ?? 30_000,
    pollMs: parts.pollMs ?? 250,
    gatherMs: parts.gatherMs ?? 40,
    onStep: parts.onStep,
  });
  const stopListening = inbox.onStored(applier.wake);
  applier.start();
  return {
    wake: applier.wake,
    close: async (graceMs = 8_000) => {
      stopListening();
      await applier.close(graceMs);
    },
  };
};
