import type { EventRow } from '#event-store';

/** Where a subscription gets its rows from: what an adapter of the log is. */
export interface RowSource {
  /** Begins to read after `positions`. Never fails because the other side is away. */
  start(positions: ReadonlyMap<number, number>): void;
  /** The shards that are this process's to digest at present. */
  shards(): readonly number[];
  /**
   * Rows that follow those taken before, each shard's in order and without a gap; none after a moment in which there were none.
   * `positions` are those that the consumer has digested, which is all that was taken.
   */
  take(positions: ReadonlyMap<number, number>): Promise<EventRow[]>;
  /** What was taken since `positions` was not digested: reads on from there. */
  rewind(positions: ReadonlyMap<number, number>): void;
  /** Ends a `take` that waits. */
  hurry(): void;
  /** Resolves once nothing is read any more. */
  close(): Promise<void>;
}
