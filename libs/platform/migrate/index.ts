import pg from 'pg';
import { AbstractLogger, DataSource, type QueryRunner } from 'typeorm';

import { databaseSql, migrations, rolesSql } from '../../../migrations/index.js';
import { databaseConnection } from '../database/index.js';
import { ForeignRolePasswords, inStep } from './failure.js';
import { roleUrl } from './role-url.js';

export { roleUrl } from './role-url.js';

/** Any number that no other program of the cluster uses: the lock that lets one migrator run at a time in a database. */
const advisoryLock = 7_209_112_004;

/** SQLSTATE */
const invalid_password = '28P01';

export interface MigrateOptions {
  /** A login that may create roles and a schema in its database, such as the embedded superuser or DATABASE_URL's. */
  adminUrl: string;
  /** The password each login role is given; left alone when absent. */
  rolePassword?: (role: string) => string;
  /** Whether to stop where the roles have other passwords already, which belong to all databases of the cluster. Needs `rolePassword`. */
  keepForeignPasswords?: boolean;
  onProgress?: (message: string) => void;
}

/**
 * Brings a database to the current schema: roles, then the pending migrations as `billing_owner`, each in a transaction of
 * its own, one migrator at a time (the others wait and find nothing to do).
 * @throws MigrationFailed naming the step or the migration that failed
 * @throws ForeignRolePasswords when it was to keep them and they are others'
 */
export const migrate = async (options: MigrateOptions): Promise<void> => {
  const { adminUrl, rolePassword, keepForeignPasswords = false, onProgress } = options;
  const admin = new pg.Client({ ...databaseConnection(adminUrl), application_name: 'billing migrate' });
  admin.on('error', () => undefined); // the statement in progress rejects with the same
  admin.on('notice', ({ severity, message }) => {
    if (severity === 'WARNING' && message !== undefined) onProgress?.(message);
  });
  await inStep('connecting', () => admin.connect());
  try {
    await inStep('creating the roles', async () => {
      await admin.query('select pg_advisory_lock($1)', [advisoryLock]);
      if (rolePassword && keepForeignPasswords) await refuseForeignPasswords(admin, adminUrl, rolePassword);
      await createRoles(admin, rolePassword);
    });
    await inStep('migrating', () => runPending(adminUrl, onProgress));
  } finally {
    await admin.end().catch(() => undefined); // gives the lock back
  }
};

/** Roles and passwords at once: a role that exists has been given its password, whatever cut us short. */
const createRoles = async (admin: pg.Client, rolePassword?: (role: string) => string): Promise<void> => {
  await admin.query('begin');
  try {
    // eslint-disable-next-line billing/no-built-sql -- a file of ours
    await admin.query(rolesSql());
    // eslint-disable-next-line billing/no-built-sql -- a file of ours
    await admin.query(databaseSql());
    if (rolePassword) await setPasswords(admin, rolePassword);
    await admin.query('commit');
  } catch (error) {
    await admin.query('rollback').catch(() => undefined);
    throw error;
  }
};

/** The role whose login shows whose passwords the roles have: they are all set together. */
const probedRole = 'billing_api';

/** Passwords cannot be read except by a superuser, so that a login has to show whether it is ours. */
const refuseForeignPasswords = async (
  admin: pg.Client,
  adminUrl: string,
  rolePassword: (role: string) => string,
): Promise<void> => {
  const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [probedRole]);
  if (rowCount === 0) return;
  const probe = new pg.Client({
    ...databaseConnection(roleUrl(adminUrl, probedRole, rolePassword(probedRole))),
    connectionTimeoutMillis: 10_000,
  });
  probe.on('error', () => undefined); // it has nothing more to say once it is connected
  try {
    await probe.connect();
  } catch (error) {
    if ((error as { code?: string }).code !== invalid_password) throw error;
    throw new ForeignRolePasswords(`${probedRole} has another password`);
  } finally {
    await probe.end().catch(() => undefined);
  }
};

const setPasswords = async (admin: pg.Client, rolePassword: (role: string) => string): Promise<void> => {
  const { rows } = await admin.query<{ rolname: string }>(
    `select rolname from pg_roles where rolname like 'billing\\_%' and rolcanlogin order by rolname`,
  );
  for (const { rolname } of rows) {
    await admin.query(`alter role ${pg.escapeIdentifier(rolname)} password ${pg.escapeLiteral(rolePassword(rolname))}`);
  }
};

/** TypeORM's own would write a failed migration to the console, which its caller reports. */
class Silent extends AbstractLogger {
  protected override writeLog(): void {
    // says nothing
  }
}

/** TypeORM throws what a migration throws, without saying which it was. */
const namingItself = (Migration: (typeof migrations)[number]): (typeof migrations)[number] =>
  class extends Migration {
    override up(runner: QueryRunner): Promise<void> {
      return inStep(`migration ${this.name ?? Migration.name}`, () => super.up(runner));
    }
  };

const runPending = async (adminUrl: string, onProgress?: (message: string) => void): Promise<void> => {
  const { connectionString: url, ssl } = databaseConnection(adminUrl);
  const source = new DataSource({
    type: 'postgres',
    url,
    ...(ssl && { ssl }),
    schema: 'billing',
    migrations: migrations.map(namingItself),
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    extra: { max: 1, options: '-c role=billing_owner -c search_path=billing' },
    logger: new Silent(),
  });
  await source.initialize();
  try {
    const applied = await source.runMigrations();
    if (applied.length > 0) onProgress?.(`applied ${applied.length} migrations, the last is ${applied.at(-1)?.name}`);
    await source.query('alter table migration enable row level security');
    await source.query('alter table migration force row level security');
    await source.query(`do $$ begin
      if not exists (select from pg_policies where schemaname = 'billing' and tablename = 'migration') then
        create policy owner on migration to billing_owner using (true) with check (true);
      end if;
    end $$`);
  } finally {
    await source.destroy();
  }
};

export { ForeignRolePasswords, MigrationFailed } from './failure.js';
export { addDemoTenants, demoTenants } from './demo-tenants.js';
