import type { Pool } from 'pg';

interface Waiter {
  shard: number;
  position: number;
  /** When it has waited long enough, by Date.now(). */
  until: number;
  settle: (reached: boolean) => void;
}

const pollMs = 20;
/** Who does not want to wait gets one look, which takes this long at most. */
const lookMs = 500;
const maxWaiters = 50_000;

/**
 * Waits until a consumer has digested a position, for readers of their own writes. All waiters of a process share one poll,
 * and nobody polls while nobody waits.
 */
export class CheckpointWatch {
  readonly #pool: Pool;
  readonly #consumer: string;
  readonly #waiters = new Set<Waiter>();
  #polling = false;

  constructor(pool: Pool, consumer: string) {
    this.#pool = pool;
    this.#consumer = consumer;
  }

  /** Resolves true once `position` of `shard` is digested, false after `timeoutMs`, also while Postgres is away. */
  reached(shard: number, position: number, timeoutMs: number): Promise<boolean> {
    if (position <= 0) return Promise.resolve(true); // every reader begins there
    if (this.#waiters.size >= maxWaiters) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (reached: boolean): void => {
        clearTimeout(timer);
        this.#waiters.delete(waiter);
        resolve(reached);
      };
      const waiter: Waiter = { shard, position, until: Date.now() + timeoutMs, settle };
      const timer = setTimeout(settle, Math.max(timeoutMs, lookMs), false);
      this.#waiters.add(waiter);
      if (!this.#polling) void this.#poll();
    });
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#waiters.size > 0) {
      const positions = await this.#read();
      for (const waiter of this.#waiters) {
        if ((positions.get(waiter.shard) ?? -1) >= waiter.position) waiter.settle(true);
        else if (Date.now() >= waiter.until) waiter.settle(false);
      }
      if (this.#waiters.size > 0) await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    this.#polling = false;
  }

  /** Positions by shard; none while Postgres is away, so that waiters run into their deadline and not into an error. */
  async #read(): Promise<Map<number, number>> {
    try {
      const { rows } = await this.#pool.query<{ shard: number; position: string }>({
        name: 'read_checkpoints',
        text: 'select shard, position from billing.checkpoint where consumer = $1',
        values: [this.#consumer],
      });
      return new Map(rows.map((row) => [row.shard, Number(row.position)]));
    } catch {
      return new Map();
    }
  }
}
