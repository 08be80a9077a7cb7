import type { RecordedEvent } from '#contracts';
import type { PoolClient } from 'pg';

/**
 * Digests a batch: events in the order of their shard, of one or more shards. Everything it writes goes through `client`,
 * whose transaction also moves the checkpoint, so a batch takes effect exactly once however often it is delivered.
 */
export type BatchHandler = (events: readonly RecordedEvent[], client: PoolClient) => Promise<void>;

export interface SubscriptionOptions {
  /** Names the checkpoint, `app:what`; the app is the one whose role the pool logs in as. A storage format. */
  consumer: string;
  handle: BatchHandler;
  /** Runs after the transaction of a batch has committed; for waking local workers, never for anything that must happen. */
  committed?: (events: readonly RecordedEvent[]) => void;
  /**
   * Another process has digested events of this consumer, or its checkpoint was moved by hand: whatever the handler remembers
   * of what it wrote may be out of date. Runs between two batches.
   */
  overtaken?: () => void;
  /**
   * Hands over only what Postgres has as well, whoever else may have written to the log that is read: for a consumer whose work reaches
   * the outside. Costs a read of every event.
   */
  proven?: boolean;
  /** Events handed over at once at most. */
  batchSize?: number;
  /** How often a poison event is tried before it goes to the dead letters. */
  maxTries?: number;
  /**
   * Least time from one batch to the next, in milliseconds, so that a busy log comes in fewer and larger ones. An event that
   * follows a quiet moment is not held up. 0 by default.
   */
  gatherMs?: number;
  /** How often it is asked whether an operator wants a dead letter tried or discarded, while there is one. 1,000 by default. */
  retryMs?: number;
}

/** A running reader. */
export interface Subscription {
  /** Resolves once everything that was in the log at the time of the call has been digested; rejects when it is closed first. */
  whenCaughtUp(): Promise<void>;
  /** Last digested position of each shard, as far as this process knows: it may share the shards with others. */
  positions(): ReadonlyMap<number, number>;
  /** Stops after the batch at hand. */
  close(): Promise<void>;
}

/** The log that consumers read from. Adapters deliver the same events in the same order. */
export interface Log {
  subscribe(options: SubscriptionOptions): Promise<Subscription>;
  close(): Promise<void>;
}

/**
 * What can happen to a reader that somebody may want to count: an event set aside, one that was set aside and digested after
 * all, a record that the relay did not write, a position missing in the log.
 */
export type LogIncident = 'dead_letter' | 'dead_letter_digested' | 'malformed_record' | 'gap';

/** What a log tells whoever watches it run. */
export interface LogObserver {
  /** Something failed and is tried again, or was set aside. Never carries event data. */
  warn(message: string, context: Record<string, unknown>): void;
  /** For metrics. */
  count?(incident: LogIncident, amount: number): void;
}
