import type { RecordedEvent } from '#contracts';
import type { ClientBase } from 'pg';

/** What read models fold of an event, and so what replays of the log read of it. */
export type ProjectedEvent = Pick<
  RecordedEvent,
  'shard' | 'position' | 'tenantId' | 'streamId' | 'version' | 'eventId' | 'type' | 'event'
>;

/** Where a read model's tables are: the live ones, those beside them that a rebuild fills, or temporary ones of one connection. */
export type Place = 'live' | 'beside' | 'temporary';

/** The name in SQL of a table of a read model, such as `rm_payment`, in its place. Throws for what is no plain name: it becomes SQL. */
export const relationOf = (table: string, place: Place): string => {
  if (!/^[a-z_]{1,55}$/.test(table)) throw new Error(`${JSON.stringify(table)} is no name of a table of ours`);
  return { live: `billing.${table}`, beside: `billing.${table}_rebuild`, temporary: `pg_temp.${table}` }[place];
};

/**
 * The writing side of a read model. It has no side effect but its rows, so it can be rebuilt from the log at any time. What it
 * has just written it remembers, until a batch does not commit.
 */
export interface ReadModel {
  readonly name: string;
  readonly tables: readonly ModelTable[];
  /** Writes what it begins with before the first event, where it does not begin with nothing. */
  begin?(client: ClientBase): Promise<void>;
  /**
   * Folds a batch into the tables through `client`, whose transaction also moves the checkpoint. Events come in the order of
   * their stream; those that a row has seen already change nothing.
   */
  apply(events: readonly ProjectedEvent[], client: ClientBase): Promise<void>;
  /** Tells that the transaction of the last `apply` has committed. Untold, the next `apply` trusts only the tables. */
  committed(): void;
  /** Tells that others may have written the tables since the last `apply`. The next one trusts only the tables. */
  forget(): void;
}

/** What a rebuild has to know of a table to make and compare it. */
export interface ModelTable {
  table: string;
  /** Primary key, the tenant first. */
  key: readonly string[];
  /** The other columns. JSON ones are compared as JSON. */
  columns: readonly { name: string; json?: boolean }[];
}
