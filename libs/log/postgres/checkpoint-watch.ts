import type { Pool } from 'pg';

interface Waiter {
  shard: number;
  position: number;
  resolve: (reached: boolean) => void;
  deadline: number;
}

const pollMs = 20;

/**
 * Waits until a consumer has digested a position, for readers of their own writes. All waiters of a process share one poll,
 * and nobody polls while nobody waits.
 */
export class CheckpointWatch {
  readonly #pool: Pool;
  readonly #consumer: string;
  #waiters: Waiter[] = [];
  #polling = false;

  constructor(pool: Pool, consumer: string) {
    this.#pool = pool;
    this.#consumer = consumer;
  }

  /** Resolves true once `position` of `shard` is digested, false after `timeoutMs`. */
  reached(shard: number, position: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiters.push({ shard, position, resolve, deadline: Date.now() + timeoutMs });
      if (!this.#polling) void this.#poll();
    });
  }

  async #poll(): Promise<void> {
    this.#polling = true;
    while (this.#waiters.length > 0) {
      const positions = await this.#read();
      const now = Date.now();
      this.#waiters = this.#waiters.filter((waiter) => {
        const reached = (positions.get(waiter.shard) ?? -1) >= waiter.position;
        if (!reached && now < waiter.deadline) return true;
        waiter.resolve(reached);
        return false;
      });
      if (this.#waiters.length > 0) await new Promise((resolve) => setTimeout(resolve, pollMs));
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
