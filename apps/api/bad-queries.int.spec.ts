import { randomUUID } from 'node:crypto';

import { expectProblem } from './testing/expect-problem.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi } from './testing/running-api.js';

let api: RunningApi;
let tenant: TestTenant;
const customerId = randomUUID();

beforeAll(async () => {
  api = await startApi();
  tenant = await api.tenant();
});
afterAll(() => api.close());

describe('a query', () => {
  const lists = ['/v1/payments', '/v1/refunds', '/v1/disputes', '/v1/customers', '/v1/events'];
  const cursored = lists.slice(0, 4);
  const isRefused = async (path: string, field: string, codes: string[]) => {
    const reply = await tenant.get(path);
    expect(codes).toContain(reply.json.code);
    expectProblem(reply, 400, reply.json.code ?? '', field);
  };

  it('refuses a limit that is no number from 1 to its maximum', async () => {
    for (const list of lists) {
      for (const limit of ['0', '-1', '1001', '1.5', 'x', '', '0x10', '1e1', '%2010', 'NaN', '9'.repeat(400)])
        await isRefused(`${list}?limit=${limit}`, 'limit', ['invalid_type', 'invalid_field']);
      await isRefused(`${list}?limit=1&limit=2`, 'limit', ['invalid_type']);
    }
  });

  it('refuses a cursor that the list did not give out', async () => {
    const made = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    const at = '2026-11-01T10:00:00.000000Z';
    for (const list of cursored) {
      const name = list.slice(4);
      for (const cursor of ['x', '%00', '..%2F', 'e30', made([]), made(null), made([2, name, at, customerId])])
        await isRefused(`${list}?cursor=${cursor}`, 'cursor', ['invalid_cursor']);
      await isRefused(`${list}?cursor=${made([1, 'others', at, customerId])}`, 'cursor', ['invalid_cursor']);
      await isRefused(`${list}?cursor=${made([1, name, at, "' or 1=1"])}`, 'cursor', ['invalid_cursor']);
      await isRefused(`${list}?cursor=${'x'.repeat(501)}`, 'cursor', ['invalid_field']);
      await isRefused(`${list}?cursor=a&cursor=b`, 'cursor', ['invalid_type']);
    }
  });

  it('refuses times that are none, or none of Postgres', async () => {
    const times = ['today', '2026-02-30T00:00:00Z', '2026-11-01', '0000-01-01T00:00:00Z', '2026-11-01T25:00:00Z'];
    const offsets = ['2026-11-01T00:00:00+23:59', '2026-11-01T00:00:00-16:00', '2026-11-01T00:00:00'];
    for (const list of cursored) {
      for (const field of ['createdFrom', 'createdTo'])
        for (const time of [...times, ...offsets])
          await isRefused(`${list}?${field}=${encodeURIComponent(time)}`, field, ['invalid_time']);
    }
  });

  it('takes every time of RFC 3339 that Postgres takes', async () => {
    for (const time of [
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59.999999999Z',
      '2026-11-01T00:00:00+15:59',
      '2026-11-01T00:00:00-15:59',
    ]) {
      const query = `createdFrom=${encodeURIComponent(time)}&createdTo=${encodeURIComponent(time)}`;
      for (const list of cursored) expect((await tenant.get(`${list}?${query}`)).status).toBe(200);
    }
  });

  it('refuses other filters that mean nothing', async () => {
    for (const [query, field] of [
      ['status=paid', 'status'],
      ['status=failed&status=succeeded', 'status'],
      ['customerId=1', 'customerId'],
      ['orderId=%00', 'orderId'],
      ['orderId=', 'orderId'],
      [`customerId=${customerId}&customerId=${customerId}`, 'customerId'],
    ] as const)
      await isRefused(`/v1/payments?${query}`, field, ['invalid_field', 'invalid_type']);
    for (const query of ['tenantId=1', 'a[b]=1', 'limit[]=1'])
      await isRefused(`/v1/payments?${query}`, query.split('=')[0] ?? '', ['unknown_field']);
    await isRefused('/v1/refunds?status=refunded', 'status', ['invalid_field']);
    await isRefused('/v1/disputes?status=open', 'status', ['invalid_field']);
    await isRefused('/v1/disputes?paymentId=1', 'paymentId', ['invalid_field']);
    for (const after of ['1', '1:x', '-1:0', '16:0', '0:9999999999999999'])
      await isRefused(`/v1/events?after=${after}`, 'after', ['invalid_field', 'invalid_position']);
  });

  it('refuses a position that is none, or that the log does not have', async () => {
    const min = (position: string) =>
      tenant.get('/v1/payments', { 'billing-min-position': position, prefer: 'wait=0' });
    for (const position of ['1', '16:1', '-1:1', '1:x', '01:1', '1:1234567890123456'])
      expectProblem(await min(position), 400, 'invalid_position', 'Billing-Min-Position');
    expectProblem(await min('0:999999'), 400, 'position_unknown', 'Billing-Min-Position');
  });

  it('that waits for a read model that does not come is told so, in time', async () => {
    const { headers } = await tenant.post('/v1/customers', { email: `${randomUUID()}@example.com` });
    const position = headers.get('billing-position') ?? '';
    const reply = await tenant.get('/v1/customers', { 'billing-min-position': position, prefer: 'wait=0' });
    expectProblem(reply, 503, 'read_model_behind');
    expect(reply.headers.get('retry-after')).toBe('1');
  });
});
