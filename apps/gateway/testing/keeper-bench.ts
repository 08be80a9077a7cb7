import { randomUUID } from 'node:crypto';

import type { KeyManagement, KeyPurpose } from '#keys';
import { Keys, PostgresSubjectKeyStore, PostgresTenantKeyStore, PostgresTenantKeyring, TenantKeyRotation } from '#keys';
import { processorTokenPlace } from '#keys';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { KeyKeeperOptions } from '../keeper/key-keeper.js';
import { KeyKeeper } from '../keeper/key-keeper.js';
import { until } from './clock.js';

/** A re-encryption as its row has it. */
export interface RunRow {
  state: string;
  rows_total: string;
  rows_done: string;
  rows_broken: string;
  last_error: string | null;
}

/** Keepers of tenants' keys over one database and a KMS, and what is sealed there. */
export class KeeperBench {
  readonly #pool: Pool;
  readonly #keepers: KeyKeeper[] = [];

  private constructor(
    readonly database: TestDatabase,
    private readonly kms: KeyManagement,
  ) {
    this.#pool = database.pool('billing_gateway');
  }

  static async open(kms: KeyManagement): Promise<KeeperBench> {
    return new KeeperBench(await createTestDatabase(), kms);
  }

  /** Leaves no key and nothing that one seals: every test has the tenants to itself that it adds. */
  async clear(): Promise<void> {
    await this.database.admin.query(`truncate billing.key_reencryption`);
    await this.database.admin.query(
      `delete from billing.processor_token; delete from billing.subject_key; delete from billing.tenant_key`,
    );
  }

  async rest(): Promise<void> {
    await Promise.all(this.#keepers.splice(0).map((keeper) => keeper.close()));
  }

  close(): Promise<void> {
    return this.database.drop();
  }

  /** The gateway's keys, with a cache of their own. */
  keys(): Keys {
    return new Keys({
      ...{ app: 'gateway', environment: 'test', kms: this.kms },
      tenantKeys: new PostgresTenantKeyStore(this.#pool),
      subjectKeys: new PostgresSubjectKeyStore(this.#pool),
    });
  }

  rotation(): TenantKeyRotation {
    const keyring = new PostgresTenantKeyring(this.#pool);
    return new TenantKeyRotation({ app: 'gateway', environment: 'test', kms: this.kms, keyring });
  }

  /** Starts a keeper, as a gateway does. */
  keep(options: Partial<KeyKeeperOptions> = {}): KeyKeeper {
    const keeper = new KeyKeeper({
      ...{ pool: this.#pool, rotation: this.rotation(), keys: this.keys(), lifeDays: 90, pollMs: 20, settleMs: 0 },
      metrics: createMetrics('gateway'),
      logger: createLogger({ app: 'gateway', level: 'silent' }),
      ...options,
    });
    this.#keepers.push(keeper);
    keeper.start();
    return keeper;
  }

  /** Stores tokens of a tenant, each saying its own number. Gives their ids. */
  async storeTokens(tenantId: string, count: number): Promise<string[]> {
    const keys = this.keys();
    const ids = Array.from({ length: count }, () => randomUUID());
    const sealed = await Promise.all(
      ids.map((id, at) => keys.sealToken(processorTokenPlace(tenantId, id), `pm_${at}`)),
    );
    await this.database.admin.query(
      `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed)
       select $1, id, id, sealed from unnest($2::uuid[], $3::text[]) as n (id, sealed)`,
      [tenantId, ids, sealed],
    );
    return ids;
  }

  /** The sealed tokens of a tenant, by their ids. */
  async sealedOf(tenantId: string): Promise<Map<string, string>> {
    const { rows } = await this.database.admin.query<{ id: string; sealed: string }>(
      'select payment_method_id as id, sealed from billing.processor_token where tenant_id = $1',
      [tenantId],
    );
    return new Map(rows.map(({ id, sealed }) => [id, sealed]));
  }

  /** How many tokens of a tenant a version seals. */
  async tokensUnder(tenantId: string, version: number): Promise<number> {
    return [...(await this.sealedOf(tenantId)).values()].filter((sealed) => sealed.startsWith(`v1.${version}.`)).length;
  }

  async versionsOf(
    tenantId: string,
    purpose: KeyPurpose,
  ): Promise<{ version: number; superseded: boolean; emptied: boolean }[]> {
    const { rows } = await this.database.admin.query<{ version: number; superseded: boolean; emptied: boolean }>(
      `select version, superseded_at is not null as superseded, emptied_at is not null as emptied
       from billing.tenant_key where tenant_id = $1 and purpose = $2 order by version`,
      [tenantId, purpose],
    );
    return rows;
  }

  /** Replaces the first version of a key. */
  rotate(tenantId: string, purpose: 'token' | 'personal'): Promise<boolean> {
    return this.rotation().rotate({ tenantId, purpose, version: 1 });
  }

  /** Asks for a re-encryption, of one tenant alone where it is named. Gives its id. */
  async askForRun(onlyTenant?: string): Promise<string> {
    const { rows } = await this.database.admin.query<{ run_id: string }>(
      `insert into billing.key_reencryption (run_id, asked_by, only_tenant, only_purpose, not_before, requested_at)
       values (gen_random_uuid(), 'operator', $1, null, now() - interval '1 second', now()) returning run_id`,
      [onlyTenant ?? null],
    );
    return String(rows[0]?.run_id);
  }

  async run(runId: string): Promise<RunRow | undefined> {
    const { rows } = await this.database.admin.query<RunRow>(
      'select * from billing.key_reencryption where run_id = $1',
      [runId],
    );
    return rows[0];
  }

  /** Waits for a re-encryption to be done. */
  ended(runId: string): Promise<RunRow> {
    return until(async () => {
      const row = await this.run(runId);
      return row?.state === 'done' && row;
    });
  }
}
