import { randomUUID } from 'node:crypto';

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

/** The id of the payment that a call with this key makes, once its request is in the log. */
const idWaitingFor = async (key: Record<string, string>): Promise<string> => {
  // A second call with the key and no patience is answered as soon as the first has appended.
  const reply = await tenant.post('/v1/payments', charge(), key);
  expect(reply.status).toBe(202);
  return idOf(reply);
};

describe('waiting for the processor', () => {
  it('ends at once with wait=0: 202, processing, and where to look', async () => {
    const reply = await tenant.post('/v1/payments', charge({ orderId: 'o-1' }));
    expect([reply.status, reply.json.status]).toEqual([202, 'processing']);
    expect(reply.headers.get('location')).toBe(`/v1/payments/${idOf(reply)}`);
    expect(reply.headers.get('etag')).toBe('"2"');
    expect(reply.headers.get('billing-position')).toMatch(/^\d{1,2}:\d+$/);
  });

  it('ends as soon as the outcome is in the log, for the first call and for repeats', async () => {
    const key = withKey();
    const patient = { ...key, prefer: 'respond-async, wait=30' };
    const calls = [tenant.post('/v1/payments', charge(), patient), tenant.post('/v1/payments', charge(), patient)];
    const id = await idWaitingFor(key);
    const began = performance.now();
    await api.processor.charges(tenant.id, id);
    const replies = await Promise.all(calls);
    expect(performance.now() - began).toBeLessThan(10_000); // of the 30 s that they may take
    for (const { status, json, headers } of replies)
      expect([status, json.status, headers.get('etag')]).toEqual([201, 'succeeded', '"3"']);
  });

  it('is over when the time is, and not before', async () => {
    const began = performance.now();
    const reply = await tenant.post('/v1/payments', charge(), { prefer: 'wait=1' });
    const took = performance.now() - began;
    expect(reply.status).toBe(202);
    expect(took).toBeGreaterThan(900);
    expect(took).toBeLessThan(4_500); // of the five that it would wait by default
  });

  it('is not ended by what another command leads to', async () => {
    const id = await charged({ captureMethod: 'manual' });
    const waiting = tenant.post(`/v1/payments/${id}/capture`, { amount: 2_000 }, { prefer: 'wait=1' });
    const other = await tenant.post(`/v1/payments/${id}/cancel`);
    expect([409, 202]).toContain(other.status);
    expect([202, 409]).toContain((await waiting).status);
  });

  it('is not needed where nothing is asked of the processor', async () => {
    const began = performance.now();
    const created = await tenant.post('/v1/payments', charge({ paymentMethodId: undefined }), { prefer: 'wait=30' });
    expect([created.status, created.json.status]).toEqual([201, 'requires_payment_method']);
    const canceled = await tenant.post(`/v1/payments/${idOf(created)}/cancel`, undefined, { prefer: 'wait=30' });
    expect([canceled.status, canceled.json.status]).toEqual([200, 'canceled']);
    expect(performance.now() - began).toBeLessThan(15_000); // of 30 s each
  });
});

describe('what the processor says', () => {
  it('a declined charge is no error: 201, failed, and the code', async () => {
    const key = withKey();
    const id = idOf(await tenant.post('/v1/payments', charge(), key));
    const fact = {
      type: 'RecordFailure',
      attempt: 1,
      code: 'card_declined',
      declineCode: 'insufficient_funds',
      at,
    } as const;
    await api.processor.report(tenant.id, id, fact);
    const reply = await tenant.post('/v1/payments', charge(), key);
    expect([reply.status, reply.json.status]).toEqual([201, 'failed']);
    expect(reply.json.failure).toEqual({ code: 'card_declined', declineCode: 'insufficient_funds' });
  });

  it('a capture that it refuses is a problem with its code, and so is the repeat', async () => {
    const id = await charged({ captureMethod: 'manual' });
    const key = withKey();
    await tenant.post(`/v1/payments/${id}/capture`, undefined, key);
    const [request] = (await api.processor.eventsOf(tenant.id, `payment-${id}`)).slice(-1);
    const captureId = (request?.event as unknown as { captureId: string }).captureId;
    await api.processor.report(tenant.id, id, { type: 'RecordCaptureFailure', captureId, code: 'charge_expired', at });
    for (let call = 0; call < 2; call += 1) {
      const reply = await tenant.post(`/v1/payments/${id}/capture`, undefined, key);
      expectProblem(reply, 422, 'capture_failed');
      expect([reply.json.processorCode, replayed(reply)]).toEqual(['charge_expired', 'true']);
    }
  });

  it.each(['capture', 'refunds', 'confirm'])(
    '%s of a payment in another state is a conflict with its own status',
    async (command) => {
      const canceled = idOf(await tenant.post('/v1/payments', charge({ paymentMethodId: undefined })));
      await tenant.post(`/v1/payments/${canceled}/cancel`);
      const before = await api.written();
      const reply = await tenant.post(`/v1/payments/${canceled}/${command}`);
      const code = {
        capture: 'payment_not_capturable',
        refunds: 'payment_not_refundable',
        confirm: 'payment_not_confirmable',
      };
      expectProblem(reply, 409, code[command as keyof typeof code]);
      expect(await api.written()).toEqual(before);
    },
  );
});

describe('customers', () => {
  it('are one for an email, however it is spelled; the second call is answered 200', async () => {
    const first = await tenant.post('/v1/customers', { email: 'Linus@Example.com' });
    const before = await api.written();
    const second = await tenant.post('/v1/customers', { email: 'linus@example.com', name: 'Other' });
    expect([first.status, second.status, idOf(second)]).toEqual([201, 200, idOf(first)]);
    expect([second.json.email, second.json.name]).toEqual(['Linus@Example.com', null]);
    expect(await api.written()).toEqual(before);
  });

  it('created fifty times at once with one email and as many keys are one', async () => {
    const body = { email: 'race@example.com' };
    const replies = await Promise.all(Array.from({ length: 50 }, () => tenant.post('/v1/customers', body)));
    expect(new Set(replies.map(idOf)).size).toBe(1);
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(49);
  });

  it('and their payment methods point to where they are read', async () => {
    const reply = await tenant.post(`/v1/customers/${payer.customerId}/payment-methods`, cardToken);
    expect(reply.headers.get('location')).toBe(`/v1/payment-methods/${idOf(reply)}`);
  });
});

describe('commands of one payment', () => {
  it('at two processes at once never take more than is there', async () => {
    const id = await charged();
    const elsewhere = tenantAt(neighbour.url, tenant.id, tenant.token);
    const replies = await Promise.all(
      Array.from({ length: 40 }, (_, call) =>
        (call % 2 ? tenant : elsewhere).post(`/v1/payments/${id}/refunds`, { amount: 5_000 }),
      ),
    );
    expect(replies.filter(({ status }) => status === 202)).toHaveLength(1);
    for (const { status, json } of replies.filter((reply) => reply.status !== 202))
      expect([`422 refund_exceeds_captured`, '409 concurrent_change']).toContain(`${status} ${json.code}`);
  });
});
