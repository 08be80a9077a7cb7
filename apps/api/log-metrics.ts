import type { Registry } from '#platform/metrics';
import { Gauge } from '#platform/metrics';
import type { Pool } from 'pg';

/** Each gauge costs a query at most this often, however many scrapers there are. */
const freshMs = 5_000;
/** Rows counted at most: far more than anybody would leave lying. */
const maxCounted = 100_000;

const deadLetters = {
  name: 'count_dead_letters',
  text: `select consumer, reason, count(*)::float8 as value from (
      select consumer, reason from billing.dead_letter where discarded_at is null limit ${maxCounted}) waiting group by 1, 2
    union all
    select 'command-worker:commands', reason, count(*)::float8 from (
      select reason from billing.command_dead_letter limit ${maxCounted}) refused group by 2`,
};

const lags = {
  name: 'consumer_lags',
  text: `select c.consumer, sum(h.position - c.position)::float8 as value
    from billing.checkpoint c join billing.log_head h using (shard) where c.consumer not like 'projector:rebuild-%' group by 1`,
};

/**
 * What the api tells of the log as a whole, for the processes beside it, read from Postgres at a scrape: `billing_dead_letters`, what
 * consumers could not digest (`poison`), what waits behind it (`blocked`) and the commands that were refused; and
 * `billing_consumer_lag_events`. While Postgres is away the last values stay.
 */
export const observeLog = (registry: Registry, pool: Pool): void => {
  gauge(registry, pool, deadLetters, {
    name: 'billing_dead_letters',
    help: 'Dead letters by consumer and reason; `billing dead-letters list` tells which',
    labelNames: ['consumer', 'reason'],
  });
  gauge(registry, pool, lags, {
    name: 'billing_consumer_lag_events',
    help: 'Events of all shards that a consumer has not digested',
    labelNames: ['consumer'],
  });
};

/** A gauge whose rows a query gives: labels by their names, and `value`. */
const gauge = <L extends string>(
  registry: Registry,
  pool: Pool,
  query: { name: string; text: string },
  { name, help, labelNames }: { name: string; help: string; labelNames: L[] },
): void => {
  let readAt = -Infinity;
  new Gauge<L>({
    name,
    help,
    labelNames,
    registers: [registry],
    async collect() {
      if (performance.now() - readAt < freshMs) return;
      readAt = performance.now();
      const found = await pool.query<Record<L, string> & { value: number }>(query).catch(() => undefined);
      if (!found) return;
      this.reset();
      for (const row of found.rows) {
        const labels: Partial<Record<L, string>> = {};
        for (const label of labelNames) labels[label] = row[label];
        this.set(labels, row.value);
      }
    },
  });
};
