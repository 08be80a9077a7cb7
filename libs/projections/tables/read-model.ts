import type { RecordedEvent } from '#contracts';
import type { ClientBase } from 'pg';

/** Where a read model's tables are: the live ones, or temporary ones of one connection for a rebuild. */
export type Schema = 'billing' | 'pg_temp';

/**
 * The writing side of a read model. It has no side effect but its rows, so it can be rebuilt from the log at any time. What it
 * has just written it remembers, until a batch does not commit.
 */
export interface ReadModel {
  readonly name: string;
  readonly tables: readonly ModelTable[];
  /**
   * Folds a batch into the tables through `client`, whose transaction also moves the checkpoint. Events come in the order of
   * their stream; those that a row has seen already change nothing.
   */
  apply(events: readonly RecordedEvent[], client: ClientBase): Promise<void>;
  /** Tells that the transaction of the last `apply` has committed. Untold, the next `apply` trusts only the tables. */
  committed(): void;
}

/** What a rebuild has to know of a table to make and compare it. */
export interface ModelTable {
  table: string;
  /** Primary key, the tenant first. */
  key: readonly string[];
  /** The other columns. JSON ones are compared as JSON. */
  columns: readonly { name: string; json?: boolean }[];
}
