import type { Registry } from '#platform/metrics';
import { Counter, Gauge } from '#platform/metrics';
import type { Pool } from 'pg';

import type { HaltReason } from './carried-shard.js';
import { relayConsumer } from './progress.js';
import type { Relay } from './relay.js';
import { refusalOf } from './sender.js';

/** What the relay tells of itself. Every relay tells of its own shards only: their sum is what is carried. */
export class RelayMetrics {
  readonly #records: Counter;
  readonly #failures: Counter<'error'>;
  readonly #registers: Registry[];

  constructor(registry: Registry) {
    this.#registers = [registry];
    const registers = this.#registers;
    this.#records = new Counter({
      name: 'billing_relay_records_total',
      help: 'Records that Kafka has acknowledged',
      registers,
    });
    this.#failures = new Counter({
      name: 'billing_relay_send_failures_total',
      help: 'Failures on the way to Kafka, by what Kafka said; "unreachable" where it said nothing',
      labelNames: ['error'],
      registers,
    });
  }

  sent(records: number): void {
    this.#records.inc(records);
  }

  failed(error: unknown): void {
    this.#failures.inc({ error: refusalOf(error) ?? 'unreachable' });
  }

  /** Tells of the shards of `relay` at each scrape. */
  watch(relay: Relay, pool: Pool): void {
    const registers = this.#registers;
    new Gauge({
      name: 'billing_relay_leases',
      help: 'Shards that this relay carries',
      registers,
      collect() {
        this.set(relay.shards.length);
      },
    });
    new Gauge<'shard' | 'reason'>({
      name: 'billing_relay_halted',
      help: '1 for each shard that somebody has to look at before it is carried on',
      labelNames: ['shard', 'reason'],
      registers,
      collect() {
        this.reset();
        for (const { shard, halted } of relay.shards) if (halted) this.set(labelsOf(shard, halted.reason), 1);
      },
    });
    lagGauges(registers, relay, pool);
  }
}

const labelsOf = (shard: number, reason: HaltReason) => ({ shard: String(shard), reason });

interface Lag {
  shard: number;
  events: string;
  seconds: number;
}

/** Both gauges of one scrape take their values from one query. While Postgres is away the last values stay. */
const lagGauges = (registers: Registry[], relay: Relay, pool: Pool): void => {
  let asked: { at: number; lags: Promise<Lag[] | undefined> } = {
    at: Number.NEGATIVE_INFINITY,
    lags: Promise.resolve([]),
  };
  const ask = (): Promise<Lag[] | undefined> => {
    const at = performance.now();
    if (at - asked.at > sameScrapeMs) asked = { at, lags: lagOf(relay, pool).catch(() => undefined) };
    return asked.lags;
  };
  const gauge = (name: string, help: string, valueOf: (lag: Lag) => number) =>
    new Gauge<'shard'>({
      name,
      help,
      labelNames: ['shard'],
      registers,
      async collect() {
        const lags = await ask();
        if (lags) this.reset();
        for (const lag of lags ?? []) this.set({ shard: String(lag.shard) }, valueOf(lag));
      },
    });
  gauge('billing_relay_lag_events', 'Events of the shard that Kafka does not have', ({ events }) => Number(events));
  gauge(
    'billing_relay_lag_seconds',
    'Age of the oldest event of the shard that Kafka does not have; 0 when there is none',
    ({ seconds }) => seconds,
  );
};

const sameScrapeMs = 500;

const lagOf = async ({ shards }: Relay, pool: Pool): Promise<Lag[]> => {
  const { rows } = await pool.query<Lag>({
    name: 'relay_lag',
    text: `select s.shard, h.position - s.sent as events,
        coalesce(extract(epoch from now() - e.recorded_at), 0)::float8 as seconds
      from (select shard, coalesce(own.sent, c.position, 0) as sent from unnest($1::smallint[], $2::bigint[]) as own (shard, sent)
        left join billing.checkpoint c using (shard) where c.consumer = $3) s
      join billing.log_head h on h.shard = s.shard
      left join billing.event e on e.shard = s.shard and e.position = s.sent + 1`,
    values: [shards.map(({ shard }) => shard), shards.map(({ sent }) => sent ?? null), relayConsumer],
  });
  return rows;
};
