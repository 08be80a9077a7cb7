import Stripe from 'stripe';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

let sandbox: SpecSandbox;
let stripe: Stripe;
beforeAll(async () => {
  sandbox = await startSpecSandbox();
  stripe = new Stripe('sk_test_123', sandbox.client);
});
afterEach(() => sandbox.request('DELETE', '/sandbox/faults'));
afterAll(() => sandbox.discard());

const params = { amount: 500, currency: 'usd', payment_method: 'pm_card_visa', confirm: true };
const pay = (idempotencyKey: string, client = stripe) => client.paymentIntents.create(params, { idempotencyKey });
const create = { method: 'POST', path: '/v1/payment_intents$' };
/** The client tries once more by itself when a connection is reset, with the same key. */
const twice = { ...create, times: 2 };
const countIntents = async (): Promise<number> => (await stripe.paymentIntents.list({ limit: 100 })).data.length;

describe('a fault', () => {
  it('delay holds an answer up', async () => {
    await sandbox.tell('faults', { match: create, fault: 'delay', delayMs: 120 });
    const start = performance.now();
    await pay('delay');
    expect(performance.now() - start).toBeGreaterThanOrEqual(115);
  });

  it('rate_limited refuses as often as it was asked to, and nothing is done', async () => {
    await sandbox.tell('faults', { match: { ...create, times: 2 }, fault: 'rate_limited' });
    const before = await countIntents();
    for (let n = 0; n < 2; n++) {
      await expect(pay('rate')).rejects.toMatchObject({
        statusCode: 429,
        code: 'rate_limit',
        type: 'StripeRateLimitError',
      });
    }
    expect(await countIntents()).toBe(before);
    expect((await pay('rate')).status).toBe('succeeded');
  });

  it('timeout_after_effect leaves the client without an answer to what was done', async () => {
    await sandbox.tell('faults', { match: create, fault: 'timeout_after_effect', delayMs: 5_000 });
    const before = await countIntents();
    const impatient = new Stripe('sk_test_123', { ...sandbox.client, timeout: 100 });
    await expect(pay('timeout', impatient)).rejects.toMatchObject({ type: 'StripeConnectionError' });
    expect(await countIntents()).toBe(before + 1);
    const replayed = await pay('timeout');
    expect(replayed.lastResponse.headers['idempotent-replayed']).toBe('true');
    expect(await countIntents()).toBe(before + 1);
  });

  it('timeout_after_effect cuts the connection in the end', async () => {
    await sandbox.tell('faults', { match: twice, fault: 'timeout_after_effect', delayMs: 30 });
    await expect(pay('timeout-cut')).rejects.toMatchObject({ type: 'StripeConnectionError' });
  });

  it('server_error before the effect can be tried again with the same key', async () => {
    await sandbox.tell('faults', { match: create, fault: 'server_error' });
    const before = await countIntents();
    await expect(pay('500-before')).rejects.toMatchObject({ statusCode: 500, type: 'StripeAPIError' });
    expect(await countIntents()).toBe(before);
    expect((await pay('500-before')).status).toBe('succeeded');
  });

  it('server_error after the effect is stored under the key, and replayed', async () => {
    await sandbox.tell('faults', { match: create, fault: 'server_error', afterEffect: true });
    const before = await countIntents();
    await expect(pay('500-after')).rejects.toMatchObject({ statusCode: 500 });
    await expect(pay('500-after')).rejects.toMatchObject({
      statusCode: 500,
      headers: { 'idempotent-replayed': 'true' },
    });
    expect(await countIntents()).toBe(before + 1);
  });

  it('server_error after the effect waits for a request that has one', async () => {
    await pay('before-the-fault');
    await sandbox.tell('faults', { match: create, fault: 'server_error', afterEffect: true });
    expect((await pay('before-the-fault')).status).toBe('succeeded');
    await expect(pay('hit')).rejects.toMatchObject({ statusCode: 500 });
  });

  it('reset cuts the connection, before the effect or after it', async () => {
    const before = await countIntents();
    await sandbox.tell('faults', { match: twice, fault: 'reset' });
    await expect(pay('reset-before')).rejects.toMatchObject({ type: 'StripeConnectionError' });
    expect(await countIntents()).toBe(before);
    await sandbox.tell('faults', { match: twice, fault: 'reset', afterEffect: true });
    await expect(pay('reset-after')).rejects.toMatchObject({ type: 'StripeConnectionError' });
    expect(await countIntents()).toBe(before + 1);
    const retrying = new Stripe('sk_test_123', { ...sandbox.client, maxNetworkRetries: 2 });
    await sandbox.tell('faults', { match: twice, fault: 'reset', afterEffect: true });
    expect((await pay('reset-retried', retrying)).status).toBe('succeeded');
    expect(await countIntents()).toBe(before + 2);
  });

  it('conflict answers 409', async () => {
    await sandbox.tell('faults', { match: create, fault: 'conflict' });
    await expect(pay('conflict')).rejects.toMatchObject({ statusCode: 409, code: 'lock_timeout' });
    await sandbox.tell('faults', { match: create, fault: 'conflict', code: 'idempotency_key_in_use' });
    await expect(pay('conflict')).rejects.toMatchObject({ statusCode: 409, code: 'idempotency_key_in_use' });
    expect((await pay('conflict')).status).toBe('succeeded');
  });

  it('hits only what it matches', async () => {
    const { id } = await stripe.paymentIntents.create({ ...params, capture_method: 'manual' });
    await sandbox.tell('faults', { match: { path: '/v1/payment_intents/*/capture' }, fault: 'rate_limited' });
    expect((await pay('other')).status).toBe('succeeded');
    expect((await stripe.paymentIntents.retrieve(id)).status).toBe('requires_capture');
    await expect(stripe.paymentIntents.capture(id)).rejects.toMatchObject({ statusCode: 429 });
    expect((await stripe.paymentIntents.capture(id)).status).toBe('succeeded');
  });

  it('is listed, and taken back', async () => {
    await sandbox.tell('faults', { match: { path: '/v1/refunds', times: 3 }, fault: 'reset' });
    const { json } = await sandbox.request('GET', '/sandbox/faults');
    expect(json.data).toMatchObject([{ fault: 'reset', match: { path: '/v1/refunds', times: 3 } }]);
    await sandbox.request('DELETE', '/sandbox/faults');
    expect((await sandbox.request('GET', '/sandbox/faults')).json.data).toEqual([]);
  });

  it.each([
    [{}, 'fault'],
    [{ fault: 'earthquake' }, 'fault'],
    [{ fault: 'delay', delayMs: -1 }, 'delayMs'],
    [{ fault: 'reset', match: { times: 0 } }, 'match.times'],
    [{ fault: 'reset', match: { times: 1e9 } }, 'match.times'],
    [{ fault: 'reset', match: { method: 'PATCH' } }, 'match.method'],
    [{ fault: 'reset', match: { path: 'v1' } }, 'match.path'],
    [{ fault: 'reset', when: 'now' }, 'when'],
    [{ fault: 'reset', afterEffect: 'yes' }, 'afterEffect'],
  ])('%j is refused', async (fault, param) => {
    const answer = await sandbox.request('POST', '/sandbox/faults', JSON.stringify(fault));
    expect([answer.status, answer.json.error?.param]).toEqual([400, param]);
  });

  it('is one of a hundred at most', async () => {
    for (let n = 0; n < 100; n++) await sandbox.tell('faults', { match: { path: '/v1/x' }, fault: 'reset' });
    const answer = await sandbox.request('POST', '/sandbox/faults', JSON.stringify({ fault: 'reset' }));
    expect(answer.status).toBe(400);
  });
});
