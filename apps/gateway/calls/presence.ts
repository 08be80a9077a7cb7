import type { Logger } from '#platform/logging';
import { randomInt } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';

/** Tells our advisory locks from those of other programs. */
const lockClass = 7_209;
const lookMs = 1_000;

/** A call that was stored as this gateway's so long ago has reached its hands, if it ever does. */
const reachesHandMs = 5_000;

/** Whether the gateway of a number lives: SQL over `owner`, a column. */
export const livesSql = (owner: string): string => `exists (
    select from pg_locks l where l.locktype = 'advisory' and l.classid = ${lockClass} and l.objid = ${owner}::oid and l.objsubid = 2
      and l.database = (select oid from pg_database where datname = current_database()))`;

// Whatever state it is in: a call with an owner is in that owner's hands, unless this is the owner and knows better.
const releaseSql = `update billing.processor_call c set not_before = $1, owner = null
  where c.owner is not null and case c.owner when $2 then c.not_before <= $3 and c.call_id <> all ($4::uuid[]) else not ${livesSql('c.owner')} end
  returning 1`;

/** What a gateway knows of the calls that are its own. */
export interface InHand {
  callIds: readonly string[];
  /** How long a call is its own once it has been taken. */
  leaseMs: number;
}

/**
 * Shows other gateways that this one lives: a session's advisory lock, which Postgres gives back the moment the process dies.
 * What a dead one had in hand is released at once, where its lease alone would hold it for a minute; and so is what is this one's
 * by the table and not in its hands: what could not be put back, or was taken by a commit whose answer was lost. A gateway that only
 * lost its session loses calls to another too: both then send the same key, which charges once.
 */
export class Presence {
  /** Names this process in \`processor_call.owner\`. */
  readonly owner = randomInt(1, 2 ** 31 - 1);
  readonly #pool: Pool;
  readonly #logger: Logger;
  #session: PoolClient | undefined;
  #closed = false;

  constructor(pool: Pool, logger: Logger) {
    this.#pool = pool;
    this.#logger = logger;
  }

  /** How often to look for what the dead left behind. */
  readonly lookMs = lookMs;

  /** Takes the lock, again where the session was lost, then releases what is in nobody's hands; gives how many calls. */
  async releaseOrphans(now: Date, { callIds, leaseMs }: InHand): Promise<number> {
    if (!this.#session && !this.#closed) await this.#open();
    const takenBefore = new Date(now.getTime() + leaseMs - reachesHandMs);
    const values = [now, this.owner, takenBefore, callIds];
    const { rowCount } = await this.#pool.query({ name: 'release_orphans', text: releaseSql, values });
    return rowCount ?? 0;
  }

  close(): void {
    this.#closed = true;
    this.#session?.release(true);
    this.#session = undefined;
  }

  async #open(): Promise<void> {
    const session = await this.#pool.connect();
    try {
      await session.query('select pg_advisory_lock($1, $2)', [lockClass, this.owner]);
    } catch (error) {
      session.release(true);
      throw error;
    }
    session.once('error', (error: Error) => {
      if (this.#session !== session) return;
      this.#session = undefined;
      this.#logger.warn(
        { error: error.message },
        'the session that shows this gateway alive was lost and is opened again',
      );
      session.release(error);
    });
    this.#session = session;
  }
}
