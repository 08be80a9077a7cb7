import { randomBytes, randomUUID } from 'node:crypto';

import pg from 'pg';

import { databaseSql } from '../../migrations/index.js';
import { roleUrl } from '../../libs/platform/migrate/role-url.js';
import { shardForNewTenant } from '../../libs/event-store/shard.js';

const template = 'billing_template';

/** The roles of a test cluster all have passwords of this form. Never used outside tests. */
export const testRolePassword = (role: string): string => `test-${role}`;

export interface TestDatabase {
  adminUrl: string;
  /** Connection string of an app's role, such as `billing_api`. */
  url(role: string): string;
  /** A pool of an app's role; ended by `drop`. */
  pool(role: string, options?: pg.PoolConfig): pg.Pool;
  /** The superuser's pool, to look at what no role may see. */
  admin: pg.Pool;
  /** Adds a tenant, in the shard its id gives or in `shard`, and returns its id. */
  addTenant(options?: { id?: string; shard?: number }): Promise<string>;
  drop(): Promise<void>;
}

/** A fresh, migrated database of its own on the Postgres that `npm test` started (TEST_DATABASE_URL). */
export const createTestDatabase = async (): Promise<TestDatabase> => {
  const cluster = process.env.TEST_DATABASE_URL;
  if (!cluster)
    throw new Error(
      'TEST_DATABASE_URL is not set: run specs that need Postgres with `npm test -- PATTERN`, which starts one',
    );
  const name = `test_${randomBytes(6).toString('hex')}`;
  await withClient(cluster, async (client) => {
    await client.query('select pg_advisory_lock(41)');
    await ensureTemplate(client, cluster);
    // Files copied whole: block by block through the log, as is the default, costs eight times as much processor time.
    await client.query(`create database ${name} template ${template} strategy file_copy`);
  });
  const adminUrl = databaseUrl(cluster, name);
  // A copy has the template's functions and tables as they were closed, but not what was said of the database itself.
  await withClient(adminUrl, async (client) => {
    await client.query(databaseSql());
  });
  const pools: pg.Pool[] = [];
  const open = (connectionString: string, options: pg.PoolConfig = {}) => {
    const pool = new pg.Pool({ connectionString, max: 8, ...options });
    pool.on('error', () => undefined); // the database is dropped under idle clients
    pools.push(pool);
    return pool;
  };
  const admin = open(adminUrl);
  return {
    adminUrl,
    admin,
    url: (role) => roleUrl(adminUrl, role, testRolePassword(role)),
    pool: (role, options) => open(roleUrl(adminUrl, role, testRolePassword(role)), options),
    addTenant: async ({ id = randomUUID(), shard = shardForNewTenant(id) } = {}) => {
      await admin.query('insert into billing.tenant (id, name, shard) values ($1, $2, $3)', [id, 'Test', shard]);
      return id;
    },
    drop: async () => {
      await Promise.all(pools.map((pool) => pool.end()));
      await withClient(cluster, async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      });
    },
  };
};

/** Migrates the template that every test database is a copy of, so that no spec pays for it. */
export const prepareCluster = (cluster: string): Promise<void> =>
  withClient(cluster, (client) => ensureTemplate(client, cluster));

const ensureTemplate = async (client: pg.Client, cluster: string): Promise<void> => {
  const { rowCount } = await client.query('select from pg_database where datname = $1', [template]);
  if (rowCount) return;
  await client.query(`create database ${template}_new`);
  // Loaded by whoever makes the template alone: TypeORM takes a while, and every spec with a database comes by here.
  const { migrate } = await import('../../libs/platform/migrate/index.js');
  await migrate({ adminUrl: databaseUrl(cluster, `${template}_new`), rolePassword: testRolePassword });
  // Several specs at once share the cluster's roles, each with apps of its own; a deployment has one of each.
  for (const role of ['billing_api', 'billing_gateway', 'billing_merkle_anchor'])
    await client.query(`alter role ${role} connection limit 200`);
  await client.query(`alter database ${template}_new rename to ${template}`);
};

const databaseUrl = (cluster: string, database: string): string => {
  const url = new URL(cluster);
  url.pathname = `/${database}`;
  return url.href;
};

const withClient = async (url: string, work: (client: pg.Client) => Promise<void>): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
};
