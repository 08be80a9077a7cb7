import type { TestDatabase } from '../test/database/index.js';
import { createTestDatabase } from '../test/database/index.js';

let database: TestDatabase;
let tenantId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  tenantId = await database.addTenant();
  await database.admin.query(
    `insert into billing.tenant_key (tenant_id, purpose, version, wrapped) values ($1, 'token', 1, 'x')`,
    [tenantId],
  );
  await database.admin.query(
    `insert into billing.platform_key (processor, purpose, version, wrapped) values ('stripe', 'inbox', 1, 'x')`,
  );
});
afterAll(() => database.drop());

/** What becomes of a statement of a role that has the tenant in context: `added`, or the SQLSTATE that refuses it. Nothing stays. */
const tried = async (role: string, sql: string): Promise<string> => {
  const client = await database.pool(role).connect();
  try {
    await client.query('begin');
    await client.query(`select set_config('app.tenant_id', $1, true)`, [tenantId]);
    await client.query(sql);
    return 'added';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('rollback');
    client.release();
  }
};

const tenantKey = (purpose: string, version: number) =>
  `insert into billing.tenant_key (tenant_id, purpose, version, wrapped) values ('${tenantId}', '${purpose}', ${version}, 'x')`;
const platformKey = (version: number, processor = 'stripe', purpose = 'inbox') =>
  `insert into billing.platform_key (processor, purpose, version, wrapped) values ('${processor}', '${purpose}', ${version}, 'x')`;
const subjectKey = (version: number) =>
  `insert into billing.subject_key (tenant_id, subject_id, purpose, version, wrapped)
   values ('${tenantId}', gen_random_uuid(), 'contact', ${version}, 'x')`;
const [denied, outOfBounds] = ['42501', '23514'];

const first = ['billing_api', 'billing_command_worker', 'billing_privacy'];

it.each(first)('%s adds the first version of a key of a tenant, and no later one', async (role) => {
  expect(await tried(role, tenantKey('personal', 1))).toBe('added');
  expect(await tried(role, tenantKey('token', 2))).toBe(denied);
  for (const version of [3, 999_999_999, 1_000_000_000, 2_147_483_647])
    expect([denied, outOfBounds]).toContain(await tried(role, tenantKey('token', version)));
});

it('the gateway adds the next version of a key of a tenant, and none behind it', async () => {
  expect(await tried('billing_gateway', tenantKey('token', 2))).toBe('added');
  expect(await tried('billing_gateway', tenantKey('personal', 1))).toBe('added');
  for (const version of [3, 999_999_999, 1_000_000_000, 2_147_483_647])
    expect(await tried('billing_gateway', tenantKey('token', version))).toBe(outOfBounds);
});

it.each(['billing_gateway', 'billing_webhook_ingest'])(
  '%s adds the first version of a key of the platform, and none behind one that is new',
  async (role) => {
    expect(await tried(role, platformKey(1, 'other'))).toBe('added');
    expect(await tried(role, platformKey(2))).toBe(denied);
    for (const version of [3, 2_147_483_647])
      expect([denied, outOfBounds]).toContain(await tried(role, platformKey(version)));
  },
);

describe('the newest key of the inbox', () => {
  const madeAgo = (hours: number) =>
    database.admin.query('update billing.platform_key set created_at = now() - make_interval(hours => $1)', [hours]);
  beforeEach(() => madeAgo(25));
  afterAll(() => madeAgo(0));

  it('is followed by the next version once it is a day old, which the ingest adds, and no other', async () => {
    expect(await tried('billing_webhook_ingest', platformKey(2))).toBe('added');
    for (const version of [3, 999_999_999, 2_147_483_647])
      expect([denied, outOfBounds]).toContain(await tried('billing_webhook_ingest', platformKey(version)));
    await madeAgo(23);
    expect(await tried('billing_webhook_ingest', platformKey(2))).toBe(denied);
  });

  it('is followed by none that any other service adds, nor is a key of another purpose or processor', async () => {
    for (const role of [...first, 'billing_gateway', 'billing_relay', 'billing_projector', 'billing_merkle_anchor'])
      expect([role, await tried(role, platformKey(2))]).toEqual([role, denied]);
    await database.admin.query(
      `insert into billing.platform_key (processor, purpose, version, wrapped, created_at)
       values ('stripe', 'webhook_secret', 1, 'x', now() - interval '1 year')`,
    );
    expect(await tried('billing_webhook_ingest', platformKey(2, 'stripe', 'webhook_secret'))).toBe(denied);
    expect(await tried('billing_webhook_ingest', platformKey(2, 'other'))).toBe(outOfBounds);
  });

  it('stays as it is: the ingest changes and removes none, and does not say when one was made', async () => {
    const backDated = `insert into billing.platform_key (processor, purpose, version, wrapped, created_at)
      values ('stripe', 'inbox', 2, 'x', '2000-01-01')`;
    for (const sql of [
      backDated,
      `update billing.platform_key set created_at = '2000-01-01'`,
      `update billing.platform_key set wrapped = 'y'`,
      'delete from billing.platform_key',
    ])
      expect([sql, await tried('billing_webhook_ingest', sql)]).toEqual([sql, denied]);
  });

  it('is followed by one version where two ingests find it due at once, and by none behind that', async () => {
    const pool = database.pool('billing_webhook_ingest');
    const [one, other] = [await pool.connect(), await pool.connect()];
    await database.admin.query(
      `insert into billing.platform_key (processor, purpose, version, wrapped, created_at)
       values ('raced', 'inbox', 1, 'x', now() - interval '91 days')`,
    );
    try {
      await one.query('begin');
      expect((await one.query(`${platformKey(2, 'raced')} on conflict do nothing`)).rowCount).toBe(1);
      const second = other.query(`${platformKey(2, 'raced')} on conflict do nothing`);
      await one.query('commit');
      expect((await second).rowCount).toBe(0);
      await expect(other.query(platformKey(3, 'raced'))).rejects.toMatchObject({ code: denied });
    } finally {
      one.release();
      other.release();
    }
  });
});

it.each(['billing_api', 'billing_command_worker', 'billing_gateway'])(
  '%s adds the first version of a person’s key, and no later one',
  async (role) => {
    expect(await tried(role, subjectKey(1))).toBe('added');
    expect(await tried(role, subjectKey(2))).toBe(denied);
  },
);

it.each([...first, 'billing_gateway'])('%s does not say when a key was made', async (role) => {
  const backDated = `insert into billing.tenant_key (tenant_id, purpose, version, wrapped, created_at)
    values ('${tenantId}', 'personal', 1, 'x', '2000-01-01')`;
  expect(await tried(role, backDated)).toBe(denied);
});

it('the owner’s next version follows the newest, too, and a sealed text can name it', async () => {
  const { admin } = database;
  const refused = { code: outOfBounds };
  for (const sql of [tenantKey('token', 3), platformKey(3), tenantKey('token', 0)])
    await expect(admin.query(sql)).rejects.toMatchObject(refused);
  await expect(admin.query(subjectKey(1_000_000_000))).rejects.toMatchObject(refused);
  await admin.query(platformKey(2));
});
