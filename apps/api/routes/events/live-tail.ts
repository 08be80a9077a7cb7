import type { Logger } from '#platform/logging';
import type { Pool } from 'pg';

const pollMs = 100;
const retryMs = 500;
const batchSize = 2_000;

/** What the tail knows of a shard that somebody watches. */
interface WatchedShard {
  position: number;
  watches: Map<string, Set<Watch>>;
}

/** What one open stream waits on. */
export class Watch {
  #newest = 0;
  #wake: (() => void) | undefined;

  constructor(
    readonly shard: number,
    readonly tenantId: string,
    readonly seenUpTo: () => number,
    readonly close: () => void,
  ) {}

  /** Told by the tail. */
  saw(position: number): void {
    this.#newest = position;
    this.#wake?.();
  }

  /** Whether the tenant has an event after `position`. */
  hasAfter(position: number): boolean {
    return this.#newest > position;
  }

  /** Resolves once the tenant has an event after `position`, or after `timeoutMs`, or when `signal` aborts. Waits once at a time. */
  next(position: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.hasAfter(position) || signal.aborted || timeoutMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}

/**
 * Tells open streams that their tenant has new events: one query each 100 ms for all of them, and none while there are none. It
 * learns only that something was appended; each stream reads under its own tenant.
 */
export class LiveTail {
  readonly #pool: Pool;
  readonly #logger: Logger;
  readonly #shards = new Map<number, WatchedShard>();
  #running = false;

  constructor(pool: Pool, logger: Logger) {
    this.#pool = pool;
    this.#logger = logger;
  }

  /** Watches a tenant from now on: every event that is not in the log yet will be seen. Close it in the end. */
  async watch(tenantId: string, shard: number): Promise<Watch> {
    const watched = await this.#watched(shard);
    const watch: Watch = new Watch(
      shard,
      tenantId,
      () => watched.position,
      () => {
        this.#close(watch);
      },
    );
    const ofTenant = watched.watches.get(tenantId) ?? new Set();
    watched.watches.set(tenantId, ofTenant.add(watch));
    if (!this.#running) void this.#run();
    return watch;
  }

  async #watched(shard: number): Promise<WatchedShard> {
    if (!this.#shards.has(shard)) {
      const { rows } = await this.#pool.query<{ position: string }>(
        'select position from billing.log_head where shard = $1',
        [shard],
      );
      // Others may have been here while we asked.
      if (!this.#shards.has(shard))
        this.#shards.set(shard, { position: Number(rows[0]?.position ?? 0), watches: new Map() });
    }
    return this.#shards.get(shard) as WatchedShard;
  }

  #close(watch: Watch): void {
    const watched = this.#shards.get(watch.shard);
    const ofTenant = watched?.watches.get(watch.tenantId);
    if (!watched || !ofTenant?.delete(watch)) return;
    if (ofTenant.size === 0) watched.watches.delete(watch.tenantId);
    if (watched.watches.size === 0) this.#shards.delete(watch.shard);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#shards.size > 0) {
      let waitMs = pollMs;
      try {
        if (await this.#read()) waitMs = 0;
      } catch (error) {
        this.#logger.warn({ error: String(error) }, 'looking for new events failed and is tried again');
        waitMs = retryMs;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
    this.#running = false;
  }

  /** Gives whether there may be more. */
  async #read(): Promise<boolean> {
    const shards = [...this.#shards];
    const { rows } = await this.#pool.query<{ shard: number; position: string; tenant_id: string }>({
      name: 'tail_tenants',
      text: 'select shard, position, tenant_id from billing.tail($1::smallint[], $2::bigint[], $3)',
      values: [shards.map(([shard]) => shard), shards.map(([, { position }]) => position), batchSize],
    });
    for (const { shard, position, tenant_id } of rows) {
      const watched = this.#shards.get(shard);
      if (!watched) continue;
      watched.position = Number(position);
      for (const watch of watched.watches.get(tenant_id) ?? []) watch.saw(watched.position);
    }
    return rows.length >= batchSize;
  }
}
