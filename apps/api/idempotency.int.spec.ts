import { randomUUID } from 'node:crypto';

import { removeStream } from '../../test/retention/remove-stream.js';
import type { Reply } from './testing/call.js';
import { expectProblem } from './testing/expect-problem.js';
import type { Payer } from './testing/payer.js';
import { cardToken, charged as chargedFor, createPayer } from './testing/payer.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApis, tenantAt } from './testing/running-api.js';

const at = '2026-11-02T10:00:00.000Z';

let api: RunningApi;
let neighbour: RunningApi;
let tenant: TestTenant;
let payer: Payer;

beforeAll(async () => {
  [api, neighbour] = (await startApis(2)) as [RunningApi, RunningApi];
  tenant = await api.tenant();
  payer = await createPayer(api, tenant);
});
afterAll(() => api.close());

const idOf = ({ json }: Reply): string => json.id as string;
const charge = (more: Record<string, unknown> = {}) => ({ amount: 5_000, currency: 'usd', ...payer, ...more });
const charged = (more: Record<string, unknown> = {}) => chargedFor(api, tenant, payer, more);
const withKey = (key: string = randomUUID()) => ({ 'idempotency-key': key });
const replayed = ({ headers }: Reply) => headers.get('idempotency-replayed');
const answerOf = ({ status, text, headers }: Reply) => ({
  status,
  text,
  etag: headers.get('etag'),
  position: headers.get('billing-position'),
  location: headers.get('location'),
});

/** The id of the payment that a call with this key makes, once its request is in the log. */
const idWaitingFor = async (key: Record<string, string>): Promise<string> => {
  // A second call with the key and no patience is answered as soon as the first has appended.
  const reply = await tenant.post('/v1/payments', charge(), key);
  expect(reply.status).toBe(202);
  return idOf(reply);
};

describe('a repeated key', () => {
  it('is answered as the first call was, and nothing happens twice', async () => {
    const id = await charged();
    const authorized = await charged({ captureMethod: 'manual' });
    const unpaid = idOf(await tenant.post('/v1/payments', charge({ paymentMethodId: undefined })));
    for (const [path, body] of [
      ['/v1/customers', { email: 'grace@example.com', name: 'Grace', address: { city: 'Arlington' } }],
      [`/v1/customers/${payer.customerId}/payment-methods`, cardToken],
      ['/v1/payments', charge()],
      ['/v1/payments', charge({ paymentMethodId: undefined })],
      [`/v1/payments/${unpaid}/confirm`, { paymentMethodId: payer.paymentMethodId }],
      [`/v1/payments/${authorized}/capture`, { amount: 1_000 }],
      [`/v1/payments/${id}/refunds`, { amount: 100, reason: 'duplicate' }],
    ] as const) {
      const key = withKey();
      const first = await tenant.post(path, body, key);
      expect([path, first.status, replayed(first)]).toEqual([path, expect.any(Number), null]);
      expect([201, 202]).toContain(first.status);
      const before = await api.written();
      const again = await tenant.post(path, body, key);
      expect([path, answerOf(again), replayed(again)]).toEqual([path, answerOf(first), 'true']);
      expect(await api.written()).toEqual(before);
    }
  });

  it('with another body or for another payment is refused', async () => {
    const [one, two] = [await charged(), await charged()];
    const key = withKey();
    expect((await tenant.post(`/v1/payments/${one}/refunds`, { amount: 100 }, key)).status).toBe(202);
    const before = await api.written();
    for (const [path, body] of [
      [`/v1/payments/${one}/refunds`, { amount: 101 }],
      [`/v1/payments/${one}/refunds`, {}],
      [`/v1/payments/${two}/refunds`, { amount: 100 }],
    ] as const)
      expectProblem(await tenant.post(path, body, key), 422, 'idempotency_key_reused', 'Idempotency-Key');
    expect(await api.written()).toEqual(before);
  });

  it('with the same body in another spelling is the same request', async () => {
    const key = withKey();
    const first = await tenant.post('/v1/payments', charge(), key);
    const { amount, currency } = charge();
    const text = `{ "paymentMethodId" : "${payer.paymentMethodId.toUpperCase()}","customerId":"${payer.customerId}",
      "currency":"${currency}","amount":${amount}.0 }`;
    const again = await tenant.post('/v1/payments', text, key);
    expect([answerOf(again), replayed(again)]).toEqual([answerOf(first), 'true']);
    const refundKey = withKey();
    const paid = await charged();
    await tenant.post(`/v1/payments/${paid}/refunds`, undefined, refundKey);
    expect(replayed(await tenant.post(`/v1/payments/${paid.toUpperCase()}/refunds`, '{}', refundKey))).toBe('true');
  });

  it('a hundred times at once, at two processes, makes one payment and a hundred equal answers', async () => {
    const key = withKey();
    const elsewhere = tenantAt(neighbour.url, tenant.id, tenant.token);
    const before = await api.written();
    const calls = Array.from({ length: 100 }, (_, call) =>
      (call % 2 === 0 ? tenant : elsewhere).post('/v1/payments', charge(), key),
    );
    const replies = await Promise.all(calls);
    expect(new Set(replies.map((reply) => JSON.stringify(answerOf(reply)))).size).toBe(1);
    expect(replies.filter((reply) => replayed(reply) === null)).toHaveLength(1);
    const after = await api.written();
    expect(after.streams).toBe((before.streams ?? 0) + 1);
    expect(after.commands).toBe((before.commands ?? 0) + 1);
  });

  it('a hundred times at once with a hundred bodies lets one of them through', async () => {
    const key = withKey();
    const before = await api.written();
    const calls = Array.from({ length: 100 }, (_, call) =>
      tenant.post('/v1/payments', charge({ amount: 1_000 + call }), key),
    );
    const statuses = (await Promise.all(calls)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(1);
    expect(statuses.filter((status) => status === 422)).toHaveLength(99);
    expect((await api.written()).commands).toBe((before.commands ?? 0) + 1);
  });

  it('of another caller is another key', async () => {
    const colleague = tenantAt(api.url, tenant.id, await api.tokenFor({ tenantId: tenant.id, subject: 'colleague' }));
    const key = withKey();
    const [mine, theirs] = [
      await tenant.post('/v1/payments', charge(), key),
      await colleague.post('/v1/payments', charge(), key),
    ];
    expect([mine.status, theirs.status, replayed(theirs)]).toEqual([202, 202, null]);
    expect(idOf(mine)).not.toBe(idOf(theirs));
  });

  it('of a full refund does not become "exceeds captured" (medusa #16681, blnk #152)', async () => {
    const id = await charged();
    const key = withKey();
    const first = await tenant.post(`/v1/payments/${id}/refunds`, undefined, key);
    expect([first.status, first.json.amount]).toEqual([202, 5_000]);
    const again = await tenant.post(`/v1/payments/${id}/refunds`, undefined, key);
    expect([answerOf(again), replayed(again)]).toEqual([answerOf(first), 'true']);
    expectProblem(
      await tenant.post(`/v1/payments/${id}/refunds`, { amount: 1 }),
      422,
      'refund_exceeds_captured',
      'amount',
    );
    await api.processor.report(tenant.id, id, {
      type: 'RecordRefundOutcome',
      outcome: 'succeeded',
      refundId: idOf(first),
      processorRefundId: 're_1',
      amount: 5_000,
      at,
    });
    const settled = await tenant.post(`/v1/payments/${id}/refunds`, undefined, key);
    expect([settled.status, settled.json.status, replayed(settled)]).toEqual([201, 'succeeded', 'true']);
    expectProblem(
      await tenant.post(`/v1/payments/${id}/refunds`, { amount: 1 }),
      422,
      'refund_exceeds_captured',
      'amount',
    );
  });

  it('after later changes is answered as the first call was', async () => {
    const key = withKey();
    const waiting = tenant.post('/v1/payments', charge(), { ...key, prefer: 'wait=10' });
    const id = await idWaitingFor(key);
    await api.processor.charges(tenant.id, id);
    const first = await waiting;
    expect([first.status, first.json.status]).toEqual([201, 'succeeded']);
    await tenant.post(`/v1/payments/${id}/refunds`, { amount: 1_000 });
    const again = await tenant.post('/v1/payments', charge(), key);
    expect([answerOf(again), replayed(again)]).toEqual([answerOf(first), 'true']);
    expect(again.json).toMatchObject({ amountRefundsPending: 0, refunds: [] });
  });

  it('of a rejected request is free again', async () => {
    const id = await charged({ captureMethod: 'manual' });
    const key = withKey();
    expectProblem(
      await tenant.post(`/v1/payments/${id}/capture`, { amount: 5_001 }, key),
      422,
      'capture_exceeds_authorized',
      'amount',
    );
    expectProblem(await tenant.post(`/v1/payments/${id}/refunds`, {}, key), 409, 'payment_not_refundable');
    expect((await tenant.post(`/v1/payments/${id}/capture`, { amount: 5_000 }, key)).status).toBe(202);
  });

  it('of what the processor refused is refused again, as a repeat', async () => {
    const key = withKey();
    const path = `/v1/customers/${payer.customerId}/payment-methods`;
    const pending = await tenant.post(path, cardToken, key);
    await api.processor.refusesMethod(tenant.id, idOf(pending));
    const refused = await tenant.post(path, cardToken, key);
    expectProblem(refused, 422, 'card_declined');
    expect([replayed(refused), refused.headers.get('etag')]).toEqual(['true', '"2"']);
  });

  it('may have commas and every other printable character', async () => {
    const key = withKey(
      'a,b;"c" \\'.replace(' ', '') + String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 33 + i)),
    );
    const first = await tenant.post('/v1/payments', charge(), key);
    expect(replayed(await tenant.post('/v1/payments', charge(), key))).toBe('true');
    expect(first.status).toBe(202);
  });
});

describe('a payment whose events are past their retention and were removed', () => {
  it('is not charged again: a repeat is refused at once, and nothing else finds it', async () => {
    const key = withKey();
    const id = idOf(await tenant.post('/v1/payments', charge(), key));
    await api.processor.charges(tenant.id, id);
    await removeStream(api.database.admin, `payment-${id}`);
    const before = await api.written();
    for (const running of [api, neighbour]) {
      const repeat = tenantAt(running.url, tenant.id, tenant.token);
      const began = performance.now();
      expectProblem(await repeat.post('/v1/payments', charge(), { ...key, prefer: 'wait=60' }), 410, 'events_removed');
      expect(performance.now() - began).toBeLessThan(10_000);
      expectProblem(
        await repeat.post('/v1/payments', charge({ amount: 4_999 }), key),
        ...([422, 'idempotency_key_reused', 'Idempotency-Key'] as const),
      );
    }
    expectProblem(await tenant.get(`/v1/payments/${id}`), 404, 'payment_not_found', 'id');
    for (const path of ['history', 'next-action']) {
      const { status } = await tenant.get(`/v1/payments/${id}/${path}`);
      expect([path, status]).toEqual([path, 404]);
    }
    for (const [path, body] of [
      ['confirm', {}],
      ['confirm', { paymentMethodId: payer.paymentMethodId }],
      ['confirm', { confirmationToken: 'ctoken_1' }],
      ['capture', {}],
      ['cancel', {}],
      ['refunds', { amount: 100 }],
    ] as const) {
      const { status, json } = await tenant.post(`/v1/payments/${id}/${path}`, body);
      expect([path, body, status, json.code]).toEqual([path, body, 404, 'payment_not_found']);
    }
    expect(await api.written()).toEqual(before);
  });
});
