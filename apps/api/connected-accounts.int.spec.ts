import { derivedId } from '#contracts';
import { randomUUID } from 'node:crypto';

import type { Reply } from './testing/call.js';
import { expectProblem } from './testing/expect-problem.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApis, tenantAt } from './testing/running-api.js';

let api: RunningApi;
let second: RunningApi;
let owner: TestTenant;
let other: TestTenant;
/** A platform_admin, bound to no tenant. */
let admin: TestTenant;

beforeAll(async () => {
  [api, second] = (await startApis(2)) as [RunningApi, RunningApi];
  [owner, other] = await Promise.all([api.tenant(), api.tenant()]);
  admin = tenantAt(api.url, owner.id, await api.tokenFor({ role: 'platform_admin', mfa: true }));
});
afterAll(() => api.close());

const path = '/v1/connected-accounts';
const accountId = (): string => `acct_${randomUUID().replaceAll('-', '')}`;

const link = (
  { id }: TestTenant,
  processorAccountId: unknown,
  headers: Record<string, string> = {},
  as = admin,
): Promise<Reply> => as.post(path, { processorAccountId }, { 'billing-tenant': id, ...headers });

const writesNothing = async (call: () => Promise<Reply>): Promise<Reply> => {
  const before = await api.written();
  const reply = await call();
  expect(await api.written()).toEqual(before);
  return reply;
};

const holders = async (processorAccountId: string): Promise<string[]> => {
  const { rows } = await api.database.admin.query<{ tenant_id: string }>(
    'select tenant_id from billing.connected_account_holder where processor_account_id = $1',
    [processorAccountId],
  );
  return rows.map(({ tenant_id }) => tenant_id);
};

describe('linking a connected account', () => {
  it('makes it the tenant named by the platform_admin, who reads it', async () => {
    const processorAccountId = accountId();
    const linked = await link(owner, processorAccountId);
    const id = derivedId(owner.id, `account ${processorAccountId}`);
    expect([linked.status, linked.json]).toMatchObject([201, { id, processorAccountId, standing: null }]);
    expect(linked.headers.get('location')).toBe(`${path}/${id}`);
    const read = await owner.get(`${path}/${id}`);
    expect([read.status, read.json]).toEqual([200, linked.json]);
    expect(read.headers.get('etag')).toBe('"1"');
    expect((await admin.get(`${path}/${id}`, { 'billing-tenant': owner.id })).status).toBe(200);
  });

  it('shows how it stands once the gateway has looked', async () => {
    const { json } = await link(owner, accountId());
    const id = json.id as string;
    const standing = {
      chargesEnabled: true,
      payoutsEnabled: false,
      detailsSubmitted: true,
      requirementsDue: ['external_account'],
    };
    const shown = { ...standing, disabledReason: null };
    await api.processor.findsAccount(owner.id, id, standing);
    expect((await owner.get(`${path}/${id}`)).json).toEqual({ ...json, standing: shown });
    const again = await link(owner, json.processorAccountId);
    expect([again.status, again.json]).toEqual([200, { ...json, standing: shown }]);
  });

  it('again is answered with what is there, and the same request by what it did', async () => {
    const processorAccountId = accountId();
    const key = { 'idempotency-key': randomUUID() };
    const first = await link(owner, processorAccountId, key);
    const again = await writesNothing(() => link(owner, processorAccountId));
    expect([again.status, again.json]).toEqual([200, first.json]);
    const replayed = await writesNothing(() => link(owner, processorAccountId, key));
    expect([replayed.status, replayed.json, replayed.headers.get('idempotency-replayed')]).toEqual([
      201,
      first.json,
      'true',
    ]);
  });

  it('under a key that was used for another account is refused, and holds nothing', async () => {
    const key = { 'idempotency-key': randomUUID() };
    await link(owner, accountId(), key);
    const processorAccountId = accountId();
    const refused = await writesNothing(() => link(owner, processorAccountId, key));
    expectProblem(refused, 422, 'idempotency_key_reused', 'Idempotency-Key');
    expect(await holders(processorAccountId)).toEqual([]);
    expect((await link(other, processorAccountId)).status).toBe(201);
  });

  it('that another tenant has is refused, without a word of whose it is', async () => {
    const processorAccountId = accountId();
    const { id } = (await link(owner, processorAccountId)).json;
    const refused = await writesNothing(() => link(other, processorAccountId));
    expectProblem(refused, 409, 'connected_account_already_linked', 'processorAccountId');
    expect(refused.text).not.toContain(owner.id);
    expect(refused.text).not.toContain(id);
    expect(await holders(processorAccountId)).toEqual([owner.id]);
  });

  it('to many tenants at once, by several processes, links it to one', async () => {
    const tenants = [owner, other, ...(await Promise.all(Array.from({ length: 6 }, () => api.tenant())))];
    const admins = [admin, tenantAt(second.url, owner.id, admin.token)];
    const processorAccountId = accountId();
    const replies = await Promise.all(
      Array.from({ length: 32 }, (_, at) =>
        link(tenants[at % tenants.length] as TestTenant, processorAccountId, {}, admins[at % 3 === 0 ? 1 : 0]),
      ),
    );
    const statuses = replies.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 200, 200, 201, ...Array.from({ length: 28 }, () => 409)]);
    expect(await holders(processorAccountId)).toHaveLength(1);
    const linked = replies.filter(({ status }) => status < 300).map(({ json }) => json.id);
    expect(new Set(linked).size).toBe(1);
    const { rowCount } = await api.database.admin.query(
      `select from billing.event where type = 'ConnectedAccountLinked' and data like '%' || $1 || '%'`,
      [processorAccountId],
    );
    expect(rowCount).toBe(1);
  });
});

describe('who may link and read', () => {
  it('is nobody of a tenant, whatever tenant they name, and no platform_admin who names none', async () => {
    for (const [named, code] of [
      [owner, 'insufficient_scope'],
      [other, 'tenant_mismatch'],
    ] as const) {
      const headers = { 'billing-tenant': named.id };
      const refused = await writesNothing(() => owner.post(path, { processorAccountId: accountId() }, headers));
      expectProblem(refused, 403, code);
    }
    const nameless = await writesNothing(() => admin.post(path, { processorAccountId: accountId() }));
    expectProblem(nameless, 403, 'tenant_required');
    const auditor = tenantAt(api.url, owner.id, await api.tokenFor({ role: 'auditor' }));
    expectProblem(await link(owner, accountId(), {}, auditor), 403, 'insufficient_scope');
    const bound = tenantAt(
      api.url,
      owner.id,
      await api.tokenFor({ role: 'platform_admin', tenantId: owner.id, mfa: true }),
    );
    expectProblem(await link(other, accountId(), {}, bound), 403, 'tenant_mismatch');
    const unknown = await writesNothing(() => link({ ...owner, id: randomUUID() }, accountId()));
    expectProblem(unknown, 404, 'tenant_unknown');
  });

  it('of another tenant finds nothing under the id, as under one that nobody has', async () => {
    const id = String((await link(owner, accountId())).json.id);
    for (const each of [id, randomUUID()])
      expectProblem(await other.get(`${path}/${each}`), 404, 'connected_account_not_found', 'id');
    const asOther = await admin.get(`${path}/${id}`, { 'billing-tenant': other.id });
    expectProblem(asOther, 404, 'connected_account_not_found', 'id');
    expectProblem(await owner.get(`${path}/acct_1`), 404, 'connected_account_not_found', 'id');
  });

  it('in the database is one function, which works for the tenant in context alone', async () => {
    const pool = api.database.pool('billing_api');
    await expect(pool.query('select from billing.connected_account_holder')).rejects.toThrow('permission denied');
    const held = "select billing.hold_connected_account('stripe', 'acct_1')";
    await expect(pool.query(held)).rejects.toThrow('no tenant is in context');
    for (const role of ['billing_command_worker', 'billing_gateway', 'billing_webhook_ingest', 'billing_projector'])
      await expect(api.database.pool(role).query(held)).rejects.toThrow('permission denied');
  });
});

it.each([
  ['nothing', undefined, 'missing_field'],
  ['null', null, 'invalid_type'],
  ['a number', 1, 'invalid_type'],
  ['an empty text', '', 'invalid_field'],
  ['another object', 'cus_1', 'invalid_field'],
  ['the prefix alone', 'acct_', 'invalid_field'],
  ['more than 255 characters', `acct_${'x'.repeat(251)}`, 'invalid_field'],
  ['other characters', "acct_1' or true", 'invalid_field'],
  ['a second line', 'acct_1\nacct_2', 'invalid_field'],
])('the id of an account at the processor is not %s', async (_, processorAccountId, code) => {
  const refused = await writesNothing(() => link(owner, processorAccountId));
  expectProblem(refused, 400, code, 'processorAccountId');
});
