import { readFileSync } from 'node:fs';

import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The SQL that creates roles and the schema: run by the administrator before the migrations, every time, safe to repeat. */
export const rolesSql = (): string => sql('0000_roles');

/** The SQL that closes the database to what no role needs: run by the administrator after the roles, every time, safe to repeat. */
export const databaseSql = (): string => sql('0000_database');

const sql = (file: string): string => readFileSync(new URL(`./${file}.sql`, import.meta.url), 'utf8');

/**
 * A migration class over one SQL file. TypeORM orders by the 13-digit timestamp that ends the class name. Forward only: a
 * mistake is mended by the next migration, because events cannot be taken back.
 */
const migration = (file: string, timestamp: number): new () => MigrationInterface =>
  class implements MigrationInterface {
    readonly name = `${file}_${timestamp}`;

    async up(runner: QueryRunner): Promise<void> {
      // eslint-disable-next-line billing/no-built-sql -- a file of ours
      await runner.query(sql(file));
    }

    down(): Promise<void> {
      return Promise.reject(new Error(`${file} cannot be undone: migrations go forward only`));
    }
  };

/** Every migration, oldest first. Add at the end; never change one that has been released. */
export const migrations = [
  migration('0001_event_store', 1763683200001),
  migration('0002_append', 1763683200002),
  migration('0003_log_readers', 1763683200003),
  migration('0004_keys', 1763683200004),
  migration('0005_gateway', 1763683200005),
  migration('0006_read_models', 1763683200006),
  migration('0007_relay', 1763683200007),
  migration('0008_producers', 1763683200008),
  migration('0009_dead_letters', 1763683200009),
  migration('0010_analysts', 1763683200010),
  migration('0011_rebuild', 1763683200011),
  migration('0012_webhooks', 1763683200012),
  migration('0013_processor_facts', 1763683200013),
  migration('0014_processor_objects', 1763683200014),
  migration('0015_disputes', 1763683200015),
  migration('0016_reconciliation', 1763683200016),
  migration('0017_connected_accounts', 1763683200017),
  migration('0018_tenants', 1763683200018),
  migration('0019_service_identities', 1763683200019),
  migration('0020_isolation', 1763683200020),
  migration('0021_access_records', 1763683200021),
  migration('0022_key_rotation', 1763683200022),
  migration('0023_processor_keys', 1763683200023),
  migration('0024_setup_intents', 1763683200024),
  migration('0025_checkout', 1763683200025),
  migration('0026_audit_log', 1763683200026),
  migration('0027_retention', 1763683200027),
  migration('0028_audit_keys', 1763683200028),
  migration('0029_append_across', 1763683200029),
  migration('0030_inbox_key_rotation', 1763683200030),
];
