import type { Registry } from '#platform/metrics';
import { Counter, Gauge, Histogram } from '#platform/metrics';
import type { Pool } from 'pg';

import type { MerkleAnchor } from './anchor.js';
import { stopReasons } from './stopped.js';

/** What the anchor tells of itself. One that stands by tells no sizes: those of the one that seals are the log's. */
export class AnchorMetrics {
  readonly #registers: Registry[];
  readonly #leaves: Counter;
  readonly #checkpoints: Counter;
  readonly #failures: Counter;
  readonly #anchorFailures: Counter<'anchor'>;
  readonly #delay: Histogram;

  constructor(registry: Registry, anchors: readonly string[]) {
    const registers = [registry];
    this.#registers = registers;
    this.#leaves = new Counter({ name: 'billing_audit_leaves_total', help: 'Leaves that were sealed', registers });
    this.#checkpoints = new Counter({
      name: 'billing_audit_checkpoints_total',
      help: 'Checkpoints that were published',
      registers,
    });
    this.#failures = new Counter({
      name: 'billing_audit_failures_total',
      help: 'What failed while sealing or publishing, and is tried again',
      registers,
    });
    this.#anchorFailures = new Counter({
      name: 'billing_audit_anchor_failures_total',
      help: 'Checkpoints that an anchor did not keep; none is published until each of them does',
      labelNames: ['anchor'],
      registers,
    });
    for (const anchor of anchors) this.#anchorFailures.inc({ anchor }, 0);
    this.#delay = new Histogram({
      name: 'billing_audit_checkpoint_delay_seconds',
      help: 'From the oldest event that no checkpoint covered to the one that does',
      buckets: [0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300],
      registers,
    });
  }

  sealed(leaves: number): void {
    this.#leaves.inc(leaves);
  }

  /** `oldest`: when the oldest event was recorded that no checkpoint covered before. */
  published(oldest: string | undefined): void {
    this.#checkpoints.inc();
    if (oldest !== undefined) this.#delay.observe(Math.max(0, Date.now() - Date.parse(oldest)) / 1_000);
  }

  failed(): void {
    this.#failures.inc();
  }

  anchorFailed(anchor: string): void {
    this.#anchorFailures.inc({ anchor });
  }

  /** Tells of `anchor` at each scrape. */
  watch(anchor: MerkleAnchor, pool: Pick<Pool, 'query'>, checkpointMs: number): void {
    const registers = this.#registers;
    const gauge = (name: string, help: string, valueOf: () => number | undefined | Promise<number | undefined>) =>
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          const value = await valueOf();
          if (value === undefined) this.remove();
          else this.set(value);
        },
      });
    const sealing = () => (anchor.standing.state === 'sealing' ? anchor.standing : undefined);
    gauge('billing_audit_tree_size', 'Leaves of the tree', () => sealing()?.size);
    gauge('billing_audit_checkpoint_size', 'Leaves of the published checkpoint', () => sealing()?.published.size);
    gauge(
      'billing_audit_checkpoint_age_seconds',
      'Since the last checkpoint was published, or this process found it; there is none without new events',
      () => sealing() && anchor.sinceCheckpointMs / 1_000,
    );
    gauge(
      'billing_audit_checkpoint_interval_seconds',
      'How long events wait for the next checkpoint at most while nothing is away (AUDIT_CHECKPOINT_MS)',
      () => checkpointMs / 1_000,
    );
    gauge('billing_audit_lag', 'Events that no published checkpoint covers', async () => {
      const standing = sealing();
      return standing && (await eventsIn(pool, standing.size)) - standing.published.size;
    });
    new Gauge<'reason'>({
      name: 'billing_audit_stopped',
      help: '1 for the reason why nothing is signed until a person has looked',
      labelNames: ['reason'],
      registers,
      collect() {
        const { standing } = anchor;
        const reason = standing.state === 'stopped' ? standing.reason : undefined;
        for (const each of stopReasons) this.set({ reason: each }, each === reason ? 1 : 0);
      },
    });
  }
}

/** Events of all shards; `otherwise` while Postgres is away. */
const eventsIn = async (pool: Pick<Pool, 'query'>, otherwise: number): Promise<number> => {
  try {
    const { rows } = await pool.query<{ events: string }>(
      'select coalesce(sum(position), 0) as events from billing.log_head',
    );
    return Number(rows[0]?.events ?? otherwise);
  } catch {
    return otherwise;
  }
};
