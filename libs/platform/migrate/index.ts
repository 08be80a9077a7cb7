import pg from 'pg';
import { DataSource } from 'typeorm';

import { migrations, rolesSql } from '../../../migrations/index.js';

/** Any number that no other program of the cluster uses: the lock that lets one migrator run at a time in a database. */
const advisoryLock = 7_209_112_004;

export interface MigrateOptions {
  /** A login that may create roles and a schema in its database, such as the embedded superuser or DATABASE_URL's. */
  adminUrl: string;
  /** The password each login role is given; left alone when absent. */
  rolePassword?: (role: string) => string;
  onProgress?: (message: string) => void;
}

/**
 * Brings a database to the current schema: roles, then the pending migrations as `billing_owner`, each in a transaction of
 * its own, one migrator at a time (the others wait and find nothing to do). Throws with the name of the migration that failed.
 */
export const migrate = async ({ adminUrl, rolePassword, onProgress }: MigrateOptions): Promise<void> => {
  const admin = new pg.Client({ connectionString: adminUrl, application_name: 'billing migrate' });
  await admin.connect();
  try {
    await admin.query('select pg_advisory_lock($1)', [advisoryLock]);
    await admin.query(rolesSql());
    if (rolePassword) await setPasswords(admin, rolePassword);
    await runPending(adminUrl, onProgress);
  } finally {
    await admin.end(); // gives the lock back
  }
};

/** Opens a Postgres login role's connection string: `adminUrl` with that role and password instead. */
export const roleUrl = (adminUrl: string, role: string, password: string): string => {
  const url = new URL(adminUrl);
  url.username = role;
  url.password = password;
  return url.href;
};

const setPasswords = async (admin: pg.Client, rolePassword: (role: string) => string): Promise<void> => {
  const { rows } = await admin.query<{ rolname: string }>(
    `select rolname from pg_roles where rolname like 'billing\\_%' and rolcanlogin order by rolname`,
  );
  for (const { rolname } of rows) {
    await admin.query(`alter role ${pg.escapeIdentifier(rolname)} password ${pg.escapeLiteral(rolePassword(rolname))}`);
  }
};

const runPending = async (adminUrl: string, onProgress?: (message: string) => void): Promise<void> => {
  const source = new DataSource({
    type: 'postgres',
    url: adminUrl,
    schema: 'billing',
    migrations,
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    extra: { max: 1, options: '-c role=billing_owner -c search_path=billing' },
    logging: false,
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

export { addDemoTenants, demoTenants } from './demo-tenants.js';
