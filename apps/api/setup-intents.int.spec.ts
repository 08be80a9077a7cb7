import { randomUUID } from 'node:crypto';

import { expectProblem } from './testing/expect-problem.js';
import type { Payer } from './testing/payer.js';
import { createPayer } from './testing/payer.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi, tenantAt } from './testing/running-api.js';

let api: RunningApi;
let owner: TestTenant;
let other: TestTenant;
let payer: Payer;
beforeAll(async () => {
  api = await startApi({ readModels: true });
  [owner, other] = await Promise.all([api.tenant(), api.tenant()]);
  payer = await createPayer(api, owner);
});
afterAll(() => api.close());

const at = '2026-11-02T10:00:00.000Z';
const path = '/v1/setup-intents';
const processorSetupIntentId = 'seti_1';
const clientSecret = 'seti_1_secret_1';

const setup = async (body: object = {}): Promise<string> => {
  const reply = await owner.post(path, { customerId: payer.customerId, ...body });
  expect(reply.status).toBe(202);
  return reply.json.id as string;
};

const waiting = async (): Promise<string> => {
  const id = await setup();
  await api.processor.setsUp(
    owner.id,
    id,
    { type: 'RecordSetupIntentCreated', processorSetupIntentId, at },
    clientSecret,
  );
  return id;
};

/** A payer of their own, whom other tests leave alone. */
const newPayer = (): Promise<Payer> => createPayer(api, owner, `${randomUUID()}@example.com`);

describe('a setup intent', () => {
  it('is asked for, and its payer’s browser goes on with a secret once the processor has made it', async () => {
    const asked = await owner.post(path, { customerId: payer.customerId, paymentMethodTypes: ['card'] });
    expect([asked.status, asked.json]).toMatchObject([
      202,
      {
        status: 'requires_payment_method',
        customerId: payer.customerId,
        paymentMethodTypes: ['card'],
        usage: 'off_session',
        clientSecret: null,
        paymentMethodId: null,
      },
    ]);
    const id = asked.json.id as string;
    expect(asked.headers.get('location')).toBe(`${path}/${id}`);
    const fact = { type: 'RecordSetupIntentCreated', processorSetupIntentId, at } as const;
    await api.processor.setsUp(owner.id, id, fact, clientSecret);
    const read = await owner.get(`${path}/${id}`);
    expect([read.status, read.json]).toMatchObject([
      200,
      { status: 'requires_payment_method', clientSecret, processorSetupIntentId, failure: null },
    ]);
  });

  it('is made once for a key, and answered with what has become of it', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await owner.post(path, { customerId: payer.customerId }, key);
    const id = first.json.id as string;
    await api.processor.setsUp(
      owner.id,
      id,
      { type: 'RecordSetupIntentCreated', processorSetupIntentId, at },
      clientSecret,
    );
    const again = await owner.post(path, { customerId: payer.customerId }, key);
    expect([again.status, again.json.id, again.json.clientSecret]).toEqual([201, id, clientSecret]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expectProblem(
      await owner.post(path, { customerId: payer.customerId, usage: 'on_session' }, key),
      422,
      'idempotency_key_reused',
      'Idempotency-Key',
    );
  });

  it('shows its secret to nobody who may only read, and to no other tenant', async () => {
    const id = await waiting();
    const reader = tenantAt(api.url, owner.id, await api.tokenFor({ tenantId: owner.id, scope: 'billing:read' }));
    expect((await reader.get(`${path}/${id}`)).json).toMatchObject({ id, clientSecret: null });
    expectProblem(await other.get(`${path}/${id}`), 404, 'setup_intent_not_found', 'id');
    expectProblem(await other.post(path, { customerId: payer.customerId }), 404, 'customer_not_found', 'customerId');
  });

  it('asks the payer to do something, and has no secret any more once it has succeeded', async () => {
    const id = await waiting();
    const action = { type: 'RecordSetupIntentAction', processorSetupIntentId, action: 'use_stripe_sdk', at } as const;
    await api.processor.setsUp(owner.id, id, action);
    expect((await owner.get(`${path}/${id}`)).json).toMatchObject({
      status: 'requires_action',
      nextAction: { type: 'use_stripe_sdk' },
      clientSecret,
    });
    const success = { type: 'RecordSetupIntentSuccess', processorSetupIntentId, methodKind: 'card', at } as const;
    await api.processor.setsUp(owner.id, id, success);
    const { json } = await owner.get(`${path}/${id}`);
    expect(json).toMatchObject({ status: 'succeeded', nextAction: null, clientSecret: null });
    expect(json.paymentMethodId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('that a bank has declined can be tried again, and one that the processor did not take is refused', async () => {
    const declined = await waiting();
    const why = { code: 'card_declined', declineCode: 'lost_card', at };
    await api.processor.setsUp(owner.id, declined, {
      ...{ type: 'RecordSetupIntentFailure', processorSetupIntentId, ...why },
    });
    expect((await owner.get(`${path}/${declined}`)).json).toMatchObject({
      status: 'requires_payment_method',
      failure: { code: 'card_declined', declineCode: 'lost_card' },
      clientSecret,
    });
    const key = { 'idempotency-key': randomUUID() };
    const body = { customerId: payer.customerId, confirmationToken: 'ctoken_1' };
    const { json } = await owner.post(path, body, key);
    expect(json.status).toBe('processing');
    const refused = { type: 'RecordSetupIntentFailure', code: 'resource_missing', at } as const;
    await api.processor.setsUp(owner.id, json.id as string, refused);
    expectProblem(await owner.post(path, body, key), 422, 'resource_missing');
    expect((await owner.get(`${path}/${json.id as string}`)).json).toMatchObject({ status: 'canceled' });
  });

  it('keeps the confirmation token in one sealed row that goes within two days', async () => {
    const confirmationToken = `ctoken_${randomUUID().replaceAll('-', '')}`;
    await setup({ confirmationToken });
    const { rows } = await api.database.admin.query<{ found: string }>(
      `select to_jsonb(t)::text as found from billing.processor_token t where expires_at < now() + interval '49 hours'
       union all select data from billing.event`,
    );
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.map(({ found }) => found).join()).not.toContain(confirmationToken);
  });

  it.each([
    ['no customer', { customerId: undefined }, 'missing_field', 'customerId'],
    ['no type', { paymentMethodTypes: [] }, 'invalid_field', 'paymentMethodTypes'],
    ['a type that there is not', { paymentMethodTypes: ['cash'] }, 'invalid_field', 'paymentMethodTypes'],
    ['a type twice', { paymentMethodTypes: ['card', 'card'] }, 'invalid_field', 'paymentMethodTypes'],
    ['another usage', { usage: 'later' }, 'invalid_field', 'usage'],
    ['a token of something else', { confirmationToken: 'pm_card_visa' }, 'invalid_field', 'confirmationToken'],
  ])('with %s is refused by name', async (_, body, code, field) => {
    expectProblem(await owner.post(path, { customerId: payer.customerId, ...body }), 400, code, field);
  });
});

describe('detaching', () => {
  it('is asked for, done once the processor has, and then done for good', async () => {
    const { paymentMethodId, customerId } = await newPayer();
    const key = { 'idempotency-key': randomUUID() };
    const asked = await owner.post(`/v1/payment-methods/${paymentMethodId}/detach`, { reason: 'replaced' }, key);
    expect([asked.status, asked.json.status]).toEqual([202, 'attached']);
    const charge = { amount: 100, currency: 'usd', customerId, paymentMethodId };
    expectProblem(await owner.post('/v1/payments', charge), 409, 'payment_method_not_attached', 'paymentMethodId');
    await api.processor.detaches(owner.id, paymentMethodId);
    const done = await owner.post(`/v1/payment-methods/${paymentMethodId}/detach`, { reason: 'replaced' }, key);
    expect([done.status, done.json.status]).toEqual([200, 'detached']);
    const again = await owner.post(`/v1/payment-methods/${paymentMethodId}/detach`, {});
    expect([again.status, again.json.status]).toEqual([200, 'detached']);
  });

  it('that the processor refuses leaves the payment method as it was', async () => {
    const { paymentMethodId } = await newPayer();
    const key = { 'idempotency-key': randomUUID() };
    await owner.post(`/v1/payment-methods/${paymentMethodId}/detach`, {}, key);
    await api.processor.refusesToDetach(owner.id, paymentMethodId);
    expectProblem(await owner.post(`/v1/payment-methods/${paymentMethodId}/detach`, {}, key), 409, 'detach_failed');
    expect((await owner.get(`/v1/payment-methods/${paymentMethodId}`)).json.status).toBe('attached');
  });

  it('is for what is attached, and for its own tenant', async () => {
    const { customerId, paymentMethodId } = await newPayer();
    const pending = await owner.post(`/v1/customers/${customerId}/payment-methods`, {
      type: 'card',
      processorToken: 'pm_card_visa',
    });
    const id = pending.json.id as string;
    expectProblem(
      await owner.post(`/v1/payment-methods/${id}/detach`, {}),
      409,
      'payment_method_not_attached',
      'paymentMethodId',
    );
    expectProblem(
      await other.post(`/v1/payment-methods/${paymentMethodId}/detach`, {}),
      404,
      'payment_method_not_found',
      'paymentMethodId',
    );
    expectProblem(
      await owner.post(`/v1/payment-methods/${paymentMethodId}/detach`, { reason: 'whim' }),
      400,
      'invalid_field',
      'reason',
    );
  });
});

describe('the default payment method', () => {
  it('is the one that was chosen, and none before', async () => {
    const { customerId, paymentMethodId } = await newPayer();
    const customer = `/v1/customers/${customerId}`;
    expect((await owner.get(customer)).json.defaultPaymentMethodId).toBeNull();
    expect((await owner.get(`/v1/payment-methods/${paymentMethodId}`)).json.isDefault).toBe(false);
    const chosen = await owner.post(`${customer}/default-payment-method`, { paymentMethodId });
    expect([chosen.status, chosen.json.defaultPaymentMethodId]).toEqual([200, paymentMethodId]);
    expect((await owner.get(`/v1/payment-methods/${paymentMethodId}`)).json.isDefault).toBe(true);
    await api.caughtUp();
    expect((await owner.get(`${customer}/payment-methods`)).json.data).toMatchObject([
      { id: paymentMethodId, isDefault: true, expiring: false },
    ]);
    const again = await owner.post(`${customer}/default-payment-method`, { paymentMethodId });
    expect(again.status).toBe(200);
  });

  it('has to be attached, and the customer’s own', async () => {
    const [mine, theirs] = [await newPayer(), await newPayer()];
    const route = `/v1/customers/${mine.customerId}/default-payment-method`;
    for (const paymentMethodId of [theirs.paymentMethodId, randomUUID()]) {
      expectProblem(await owner.post(route, { paymentMethodId }), 404, 'payment_method_not_found', 'paymentMethodId');
    }
    await owner.post(`/v1/payment-methods/${mine.paymentMethodId}/detach`, {});
    expectProblem(
      await owner.post(route, { paymentMethodId: mine.paymentMethodId }),
      409,
      'payment_method_not_attached',
      'paymentMethodId',
    );
    expectProblem(
      await other.post(route, { paymentMethodId: mine.paymentMethodId }),
      404,
      'customer_not_found',
      'customerId',
    );
  });
});

describe('a customer', () => {
  it('is found by their very email, whatever its case, and by nothing less', async () => {
    const email = `Grace.${randomUUID()}@Example.com`;
    const { id } = (await owner.post('/v1/customers', { email })).json as { id: string };
    await api.caughtUp();
    const found = async (as: TestTenant, text: string) =>
      (await as.get(`/v1/customers?email=${encodeURIComponent(text)}`)).json.data as { id: string; email: string }[];
    expect(await found(owner, email)).toMatchObject([{ id, email }]);
    expect(await found(owner, email.toUpperCase())).toMatchObject([{ id }]);
    expect(await found(owner, email.slice(1))).toEqual([]);
    expect(await found(other, email)).toEqual([]);
    expectProblem(await owner.get('/v1/customers?email=grace'), 400, 'invalid_field', 'email');
    expect((await owner.get(`/v1/customers?email=${email}&createdTo=2020-01-01T00:00:00Z`)).json.data).toEqual([]);
  });

  it('that is searched for stands in the clear in no row', async () => {
    const email = `${randomUUID()}@example.com`;
    await owner.post('/v1/customers', { email });
    const { rows } = await api.database.admin.query<{ row: string }>('select c::text as row from billing.claim c');
    expect(rows.map(({ row }) => row).join()).not.toContain(email);
  });
});
