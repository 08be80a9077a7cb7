import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pg from 'pg';

import { roleUrl } from '#platform/migrate';

import { type EmbeddedPostgres, startEmbeddedPostgres } from './postgres/index.js';
import { prepareDatabase } from './prepare-database.js';

// A cluster of its own: roles and their passwords belong to the cluster.
let folder = '';
let server: EmbeddedPostgres | undefined;

const run = async (url: string, sql: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

const urlOf = (database: string): string => {
  const url = new URL(server?.adminUrl ?? '');
  url.pathname = `/${database}`;
  return url.href;
};

const createDatabase = async (name: string): Promise<string> => {
  await run(urlOf('postgres'), `create database ${name}`);
  return urlOf(name);
};

const passwordsOf = (dataDirectory: string) => (role: string) => `${dataDirectory}-${role}`;

/** As the standalone of a data directory, on an external Postgres. */
const prepare = (adminUrl: string, dataDirectory: string, resetRolePasswords = false, printed: string[] = []) =>
  prepareDatabase({
    adminUrl,
    settings: { environment: 'development', dataDirectory, databaseUrl: adminUrl, resetRolePasswords },
    rolePassword: passwordsOf(dataDirectory),
    print: (line) => void printed.push(line),
  });

const logIn = (adminUrl: string, dataDirectory: string): Promise<unknown[]> =>
  run(roleUrl(adminUrl, 'billing_gateway', passwordsOf(dataDirectory)('billing_gateway')), 'select 1');

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'billing-prepare-')));
  server = await startEmbeddedPostgres({ dataDirectory: folder, log: () => undefined, fsync: false });
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('an external database', () => {
  it('needs a login that may create roles and a schema, and no more', async () => {
    const admin = await createDatabase('modest');
    await run(admin, `create role plain login password 'p'; create role creator login createrole password 'p'`);
    const privileges = /^DATABASE_URL: this login needs CREATEROLE and CREATE on its database; .* \(SQLSTATE 42501\)$/;
    await expect(prepare(roleUrl(admin, 'plain', 'p'), 'one')).rejects.toThrow(privileges);
    const creator = roleUrl(admin, 'creator', 'p');
    await expect(prepare(creator, 'one')).rejects.toThrow(privileges);
    expect(await run(admin, `select rolname from pg_roles where rolname like 'billing%'`)).toEqual([]);

    await run(admin, 'grant create on database modest to creator');
    await prepare(creator, 'one');
    await prepare(creator, 'one');
    expect(await run(admin, 'select count(*)::int from billing.tenant')).toEqual([{ count: 3 }]); // and the platform's own
    await logIn(admin, 'one');
  });

  it('is closed to temporary tables by its owner and to large objects by a superuser, and says what is left open', async () => {
    const admin = await createDatabase('ajar');
    await run(admin, `grant create on database ajar to creator`);
    const prepared = async (adminUrl: string): Promise<unknown[]> => {
      const printed: string[] = [];
      await prepare(adminUrl, 'one', false, printed);
      const [open] = await run(
        admin,
        `select has_database_privilege('billing_api', 'ajar', 'temporary') as tables,
          has_function_privilege('billing_api', 'lo_create(oid)', 'execute') as objects`,
      );
      return [open, printed.filter((line) => !line.startsWith('applied'))];
    };
    const tables =
      'every login may make temporary tables in ajar: its owner can "grant temporary on database ajar to billing_projector" and revoke it from public';
    const objects =
      'every login may make large objects in ajar: a superuser can revoke execute on the functions lo_* from public';
    const creator = roleUrl(admin, 'creator', 'p');
    expect(await prepared(creator)).toEqual([{ tables: true, objects: true }, [tables, objects]]);
    await run(admin, 'alter database ajar owner to creator');
    expect(await prepared(creator)).toEqual([{ tables: false, objects: true }, [objects]]);
    expect(await prepared(admin)).toEqual([{ tables: false, objects: false }, []]);
  });

  it('keeps the passwords that another data directory has set, until told otherwise', async () => {
    const first = await createDatabase('first');
    await prepare(first, 'one', true);
    const second = await createDatabase('second');
    const attempt = prepare(second, 'two');
    await expect(attempt).rejects.toThrow(/^DATABASE_URL: .* of another data directory: set BILLING_DATA_DIR .*$/);
    await expect(attempt).rejects.toThrow('role-secret into two;');
    await logIn(first, 'one');
    expect(await run(second, `select from pg_namespace where nspname = 'billing'`)).toEqual([]);

    await prepare(second, 'one');
    await prepare(second, 'two', true);
    await logIn(first, 'two');
    await expect(prepare(first, 'one')).rejects.toThrow('of another data directory');
  });

  it('has a key of the local keyring sign the audit log from the first start on, and no other from the second', async () => {
    const url = await createDatabase('keyed');
    const firstAuditKey = {
      origin: 'localhost/billing-audit',
      kms: { provider: 'local', keyringPath: join(folder, 'keyed', 'keyring.json') },
    } as const;
    const settings = {
      ...({ environment: 'development', dataDirectory: 'one', databaseUrl: url, resetRolePasswords: true } as const),
      firstAuditKey,
    };
    await mkdir(join(folder, 'keyed'));
    const events = `select type, data::jsonb ->> 'keyName' as key from billing.event where stream_id like 'audit_key-%'`;
    for (const _ of ['first', 'second']) {
      await prepareDatabase({ adminUrl: url, settings, rolePassword: passwordsOf('one'), print: () => undefined });
      expect(await run(url, events)).toEqual([{ type: 'AuditKeyIntroduced', key: 'audit-1' }]);
    }
  });

  it('names the migration that fails, in one line', async () => {
    const url = await createDatabase('taken');
    await prepare(url, 'one', true);
    await run(url, 'truncate billing.migration');
    await expect(prepare(url, 'one')).rejects.toThrow(
      /^DATABASE_URL: migration 0001_event_store_\d+ failed: .* already exists .*\(SQLSTATE \w{5}\)$/,
    );
  });
});
