import Stripe from 'stripe';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

let sandbox: SpecSandbox;
let stripe: Stripe;
beforeAll(async () => {
  sandbox = await startSpecSandbox();
  stripe = new Stripe('sk_test_123', sandbox.client);
});
afterAll(() => sandbox.discard());

const body = (amount: number, method = 'pm_card_visa') =>
  `amount=${String(amount)}&currency=usd&payment_method=${method}&confirm=true`;
const pay = (key: string, form: string, path = '/v1/payment_intents') =>
  sandbox.request('POST', path, form, { 'idempotency-key': key });
const countIntents = async (): Promise<number> => {
  let count = 0;
  for await (const _ of stripe.paymentIntents.list({ limit: 100 })) count++;
  return count;
};

describe('an idempotency key', () => {
  it('replays the first answer, whatever has happened since', async () => {
    const first = await pay('k-1', body(500));
    await stripe.refunds.create({ payment_intent: first.json.id as string });
    const before = await countIntents();
    const again = await pay('k-1', body(500));
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('original-request')).toBe(first.headers.get('request-id'));
    expect(again.headers.get('request-id')).not.toBe(first.headers.get('request-id'));
    expect(await countIntents()).toBe(before);
  });

  it('does not mind the order of the parameters', async () => {
    const first = await pay('k-order', 'amount=500&currency=usd');
    expect((await pay('k-order', 'currency=usd&amount=500')).text).toBe(first.text);
  });

  it('replays a decline, and does not charge again', async () => {
    const first = await pay('k-2', body(500, 'pm_card_chargeDeclined'));
    const again = await pay('k-2', body(500, 'pm_card_chargeDeclined'));
    expect([again.status, again.text]).toEqual([402, first.text]);
  });

  it('used for other parameters or another endpoint is a 400', async () => {
    const { json } = await pay('k-3', body(500));
    for (const misuse of [
      await pay('k-3', body(501)),
      await pay('k-3', '', `/v1/payment_intents/${String(json.id)}/cancel`),
    ]) {
      expect([misuse.status, misuse.json.error?.type]).toEqual([400, 'idempotency_error']);
    }
    await expect(stripe.customers.create({}, { idempotencyKey: 'k-3' })).rejects.toMatchObject({
      type: 'StripeIdempotencyError',
    });
  });

  it('is not used up by a request that never began', async () => {
    expect((await pay('k-4', 'amount=abc&currency=usd')).status).toBe(400);
    expect((await pay('k-4', 'amount=500&currency=usd&colour=red')).status).toBe(400);
    const unauthorized = await sandbox.request('POST', '/v1/payment_intents', body(500), {
      'idempotency-key': 'k-4',
      authorization: 'Bearer nobody',
    });
    expect(unauthorized.status).toBe(401);
    expect((await pay('k-4', body(500))).status).toBe(200);
  });

  it('is used up by a refusal of the endpoint itself', async () => {
    const { json } = await pay('k-5', body(500));
    const path = `/v1/payment_intents/${String(json.id)}/capture`;
    const first = await pay('k-6', '', path);
    const again = await pay('k-6', '', path);
    expect([again.status, again.text, again.headers.get('idempotent-replayed')]).toEqual([400, first.text, 'true']);
  });

  it('means nothing to a GET', async () => {
    await pay('k-7', body(500));
    const answer = await sandbox.request('GET', '/v1/balance', undefined, { 'idempotency-key': 'k-7' });
    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([200, null]);
  });

  it('used by a hundred requests at once makes one charge and a hundred equal answers', async () => {
    const before = await countIntents();
    const answers = await Promise.all(Array.from({ length: 100 }, () => pay('k-8', body(700))));
    expect(new Set(answers.map(({ status, text }) => `${String(status)} ${text}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
    expect(await countIntents()).toBe(before + 1);
  });

  it('of a request that is still being carried out is a 409', async () => {
    await sandbox.tell('faults', { match: { path: '/v1/payment_intents$' }, fault: 'delay', delayMs: 300 });
    const slow = pay('k-9', body(800));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const meanwhile = await pay('k-9', body(800));
    expect([meanwhile.status, meanwhile.json.error?.code]).toEqual([409, 'idempotency_key_in_use']);
    const first = await slow;
    expect(first.status).toBe(200);
    expect((await pay('k-9', body(800))).text).toBe(first.text);
  });

  it('has at most 255 characters', async () => {
    expect((await pay('k'.repeat(256), body(500))).status).toBe(400);
    expect((await pay('k'.repeat(255), body(500))).status).toBe(200);
  });

  it('is forgotten after a day', async () => {
    let now_ms = Date.UTC(2026, 10, 1);
    const own = await startSpecSandbox({ clock: () => now_ms });
    const make = () => own.request('POST', '/v1/customers', 'name=A', { 'idempotency-key': 'k' });
    const first = await make();
    now_ms += 23 * 60 * 60 * 1_000;
    expect((await make()).text).toBe(first.text);
    now_ms += 2 * 60 * 60 * 1_000;
    // Old keys are dropped now and then, not on the dot.
    for (let n = 0; n < 70; n++) await own.request('GET', '/v1/balance');
    expect((await make()).text).not.toBe(first.text);
    await own.discard();
  });
});
