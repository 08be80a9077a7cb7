import { randomUUID } from 'node:crypto';
import { Client, Pool } from 'pg';

/** A database of a test's own, with a role that owns nothing and bypasses nothing, as a service has it. */
export interface ScratchDatabase {
  /** Where the service's role logs in. */
  url: string;
  /** Connections of the service's role. */
  pool: Pool;
  /** Connections of the superuser, to look behind the policies. */
  superuser: Pool;
  drop(): Promise<void>;
}

/**
 * Creates a database on the server at `url` (a superuser's, out of `TEST_DATABASE_URL`) and runs `schema` in it, where `:role`
 * stands for the name of the service's role. Throws where there is no url: `npm test` starts a Postgres and names it.
 */
export const createScratchDatabase = async (
  url: string | undefined,
  schema: string,
  poolSize = 4,
): Promise<ScratchDatabase> => {
  if (!url)
    throw new Error(
      'TEST_DATABASE_URL is missing: run npm test, which starts a Postgres, or name a server of your own',
    );
  const name = `scratch_${randomUUID().replaceAll('-', '')}`;
  const password = randomUUID();
  await asSuperuser(url, `create role ${name} login password '${password}'`, `create database ${name}`);

  const superuserUrl = new URL(url);
  superuserUrl.pathname = `/${name}`;
  const roleUrl = new URL(superuserUrl);
  roleUrl.username = name;
  roleUrl.password = password;
  const superuser = new Pool({ connectionString: superuserUrl.href, max: 2 });
  await superuser.query(schema.replaceAll(':role', name));
  const pool = new Pool({ connectionString: roleUrl.href, max: poolSize });
  // A test may cut connections that lie idle here; the pool replaces them.
  pool.on('error', () => undefined);

  const drop = async () => {
    await Promise.all([pool.end(), superuser.end()]);
    await asSuperuser(url, `drop database ${name} with (force)`, `drop role ${name}`);
  };
  return { url: roleUrl.href, pool, superuser, drop };
};

const asSuperuser = async (url: string, ...statements: string[]): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
};
