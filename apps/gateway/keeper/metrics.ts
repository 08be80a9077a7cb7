import type { ResealedPurpose } from '#keys';
import type { Registry } from '#platform/metrics';
import { Counter, Gauge } from '#platform/metrics';

import type { DueKeys } from './due-keys.js';
import type { ReencryptionRuns } from './run-store.js';

/** What the keeper tells of keys. No label carries an id of a tenant. */
export class KeeperMetrics {
  readonly #rows: Counter<'purpose' | 'outcome'>;

  constructor(registry: Registry, parts: { due: DueKeys; runs: ReencryptionRuns; lifeDays: number }) {
    const registers = [registry];
    this.#rows = new Counter({
      name: 'billing_key_reencrypted_rows_total',
      help: 'Rows sealed anew under a newer key by the purpose of it; broken ones do not open and stay as they are',
      labelNames: ['purpose', 'outcome'],
      registers,
    });
    keyGauges(registers, parts);
  }

  resealed(purpose: ResealedPurpose, rows: number): void {
    if (rows > 0) this.#rows.inc({ purpose, outcome: 'resealed' }, rows);
  }

  broken(purpose: ResealedPurpose, rows: number): void {
    if (rows > 0) this.#rows.inc({ purpose, outcome: 'broken' }, rows);
  }
}

/** Read at each scrape, so that every gateway tells the same. While Postgres is away the last values stay. */
const keyGauges = (
  registers: Registry[],
  { due, runs, lifeDays }: { due: DueKeys; runs: ReencryptionRuns; lifeDays: number },
): void => {
  const ages = () => due.ages(lifeDays).catch(() => []);
  new Gauge({
    name: 'billing_key_age_days',
    help: "Age of the oldest key that seals, of tenants' keys of a purpose and of the platform's (inbox)",
    labelNames: ['purpose'],
    registers,
    async collect() {
      for (const { purpose, oldestDays } of await ages()) this.set({ purpose }, oldestDays);
    },
  });
  new Gauge({
    name: 'billing_keys_overdue',
    help: 'Keys of tenants and of the platform (inbox) that seal although they are older than KEY_ROTATION_DAYS',
    labelNames: ['purpose'],
    registers,
    async collect() {
      for (const { purpose, overdue } of await ages()) this.set({ purpose }, overdue);
    },
  });
  new Gauge({
    name: 'billing_key_reencryption_rows_left',
    help: 'Rows that the re-encryption under way has yet to seal anew; 0 where none is',
    registers,
    async collect() {
      const left = await runs.rowsLeft().catch(() => undefined);
      if (left !== undefined) this.set(left);
    },
  });
};
