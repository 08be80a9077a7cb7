import type { Registry } from '#platform/metrics';
import { Gauge } from '#platform/metrics';
import type { Warnings } from '#platform/warnings';
import type { Pool } from 'pg';

import type { Environment } from '../key-management.js';
import type { SecretKind } from './secret-rows.js';

/** By then a secret should have been followed by another one. `secret_ages` counts the same days. */
export const secretLifeDays = 90;
/** How long what was read is told: ages are days. */
const rereadMs = 1_000;
const dayMs = 86_400_000;

const kinds: readonly SecretKind[] = ['api', 'webhook'];
const words: Readonly<Record<SecretKind, { code: string; what: string }>> = {
  api: { code: 'api_key_overdue', what: 'API keys of the processor' },
  webhook: { code: 'webhook_secret_overdue', what: 'webhook secrets of the processor' },
};

interface Age {
  kind: SecretKind;
  oldest: Date;
  /** bigint, and so text */
  overdue: string;
}

export interface SecretAgesParts {
  environment: Environment;
  /** Logs in as the api, the gateway or the ingest. */
  pool: Pool;
  metrics: Registry;
  warnings: Warnings;
}

/**
 * How old the secrets in use are, of API keys and of webhooks: metric `billing_secret_age_days`, and a warning that turns readiness yellow
 * where one is older than `secretLifeDays`. It reads them when somebody asks, and not more often than once a second.
 */
export class SecretAges {
  readonly #parts: SecretAgesParts;
  readonly #ages = new Map<SecretKind, Date>();
  #readAtMs = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(parts: SecretAgesParts) {
    this.#parts = parts;
    const look = () => this.look();
    const ages = this.#ages;
    new Gauge({
      name: 'billing_secret_age_days',
      help: 'Age of the oldest secret of the processor that is in use, by kind: api, webhook',
      labelNames: ['kind'],
      registers: [parts.metrics],
      async collect() {
        await look().catch(() => undefined); // while Postgres is away the last ages stay, and the other metrics are told all the same
        this.reset();
        for (const [kind, since] of ages) this.set({ kind }, (Date.now() - since.getTime()) / dayMs);
      },
    });
  }

  /** Looks how old they are, and warns or does so no longer. Rejects where the database cannot be asked. */
  look(): Promise<void> {
    if (Date.now() - this.#readAtMs < rereadMs) return Promise.resolve();
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { environment, pool, warnings } = this.#parts;
    const { rows } = await pool.query<Age>('select kind, oldest, overdue from billing.secret_ages($1)', [environment]);
    this.#readAtMs = Date.now();
    this.#ages.clear();
    for (const { kind, oldest } of rows) this.#ages.set(kind, oldest);
    for (const kind of kinds) {
      const overdue = Number(rows.find((row) => row.kind === kind)?.overdue ?? 0);
      warnings.set(words[kind].code, overdue === 0 ? undefined : messageOf(kind, overdue));
    }
  }
}

const messageOf = (kind: SecretKind, overdue: number): string =>
  `${words[kind].what} older than ${secretLifeDays} days: ${overdue}; billing secrets list names them, billing secrets rotate --kind ${kind} replaces one`;
