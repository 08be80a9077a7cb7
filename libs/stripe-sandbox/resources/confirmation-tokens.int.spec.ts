import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Stripe from 'stripe';
import { fingerprintOf } from '../objects/payment-method.js';
import { testCard, testCardNames } from '../payments/test-cards.js';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

const HOUR_MS = 3_600_000;

let sandbox: SpecSandbox;
let stripe: Stripe;
let now_ms = Date.UTC(2026, 5, 1);
const logged: unknown[] = [];
beforeAll(async () => {
  sandbox = await startSpecSandbox({
    clock: () => now_ms,
    log: (...line) => {
      logged.push(line);
    },
  });
  stripe = new Stripe('sk_test_123', sandbox.client);
});
afterAll(() => sandbox.discard());

const browser = { authorization: 'Bearer pk_test_123' };

/** As the payment form in its frame does it. */
const typed = (card: Record<string, string>, headers: Record<string, string> = {}) => {
  const body = new URLSearchParams({ 'payment_method_data[type]': 'card', use_stripe_sdk: 'true' });
  const whole = { exp_month: '12', exp_year: '34', cvc: '123', ...card };
  for (const [name, value] of Object.entries(whole)) body.set(`payment_method_data[card][${name}]`, value);
  body.set('payment_method_data[billing_details][address][postal_code]', '12345');
  return sandbox.request('POST', '/v1/confirmation_tokens', body.toString(), {
    ...browser,
    origin: sandbox.url,
    ...headers,
  });
};

const tokenFor = async (number: string): Promise<string> => (await typed({ number })).json.id as string;

const pay = (confirmation_token: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.paymentIntents.create({ amount: 900, currency: 'usd', confirm: true, confirmation_token, ...more });

describe('a confirmation token', () => {
  it('shows the server what was typed, with the fingerprint of the card', async () => {
    const answer = await typed({ number: '4242 4242 4242 4242' });
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('fingerprint');
    const token = await stripe.confirmationTokens.retrieve(answer.json.id as string);
    expect(token).toMatchObject({
      object: 'confirmation_token',
      expires_at: Math.floor(now_ms / 1_000) + 12 * 3_600,
      payment_intent: null,
      setup_intent: null,
      use_stripe_sdk: true,
      payment_method_preview: {
        type: 'card',
        billing_details: { address: { postal_code: '12345' } },
        card: {
          brand: 'visa',
          last4: '4242',
          exp_month: 12,
          exp_year: 2034,
          fingerprint: fingerprintOf('4242424242424242'),
        },
      },
    });
    const method = await stripe.paymentMethods.attach('pm_card_visa', {
      customer: (await stripe.customers.create({})).id,
    });
    expect(method.card?.fingerprint).toBe(token.payment_method_preview?.card?.fingerprint);
  });

  it('is made of the form alone: with a publishable key, and from its own origin', async () => {
    const number = '4242424242424242';
    for (const origin of ['http://127.0.0.1:3000', 'null', 'https://example.com']) {
      expect(await typed({ number }, { origin })).toMatchObject({
        status: 403,
        json: { error: { code: 'foreign_origin' } },
      });
    }
    const secret = await typed({ number }, { authorization: 'Bearer sk_test_123' });
    expect(secret).toMatchObject({ status: 403, json: { error: { code: 'publishable_key_required' } } });
    expect((await typed({ number })).headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    [{ number: '4242424242424241' }, 'incorrect_number', 'number'],
    [{ number: '4111111111111111' }, 'card_declined', 'number'],
    [{ number: '42' }, 'invalid_number', 'number'],
    [{ number: '4242424242424242', exp_month: '13' }, 'invalid_expiry_month', 'exp_month'],
    [{ number: '4242424242424242', exp_year: '2025' }, 'invalid_expiry_year', 'exp_year'],
    [{ number: '4242424242424242', exp_month: '5', exp_year: '26' }, 'invalid_expiry_month', 'exp_month'],
    [{ number: '4242424242424242', cvc: '12' }, 'invalid_cvc', 'cvc'],
  ])('is refused as %j', async (card, code, param) => {
    const answer = await typed(card);
    expect(answer).toMatchObject({ status: 402, json: { error: { type: 'card_error', code, param } } });
    expect(answer.text).not.toContain(card.number);
  });

  it('pays once', async () => {
    const token = await tokenFor('4242424242424242');
    const paid = await pay(token);
    expect(paid.status).toBe('succeeded');
    expect((await stripe.confirmationTokens.retrieve(token)).payment_intent).toBe(paid.id);
    await expect(pay(token)).rejects.toMatchObject({ statusCode: 400, param: 'confirmation_token' });
  });

  it('is used up by a decline, and not by a request that is refused', async () => {
    const token = await tokenFor('4000000000009995');
    await expect(pay(token, { payment_method: 'pm_card_visa' })).rejects.toMatchObject({
      code: 'parameters_exclusive',
    });
    await expect(pay(token, { amount: 1 })).rejects.toMatchObject({ code: 'amount_too_small' });
    await expect(pay(token, { confirm: false })).rejects.toMatchObject({ param: 'confirmation_token' });
    await expect(pay(token)).rejects.toMatchObject({ code: 'card_declined', decline_code: 'insufficient_funds' });
    await expect(pay(token)).rejects.toMatchObject({ param: 'confirmation_token', statusCode: 400 });
  });

  it('expires after twelve hours', async () => {
    const token = await tokenFor('4242424242424242');
    now_ms += 12 * HOUR_MS;
    await expect(pay(token)).rejects.toMatchObject({ code: 'resource_missing', param: 'confirmation_token' });
    await expect(stripe.confirmationTokens.retrieve(token)).rejects.toMatchObject({ statusCode: 404 });
  });

  it('leaves the authentication to the page, whether there is a return URL or not', async () => {
    const created = await stripe.paymentIntents.create({ amount: 900, currency: 'usd' });
    const waiting = await stripe.paymentIntents.confirm(created.id, {
      confirmation_token: await tokenFor('4000002500003155'),
      return_url: 'https://shop.example.com/done',
    });
    expect(waiting).toMatchObject({ status: 'requires_action', next_action: { type: 'use_stripe_sdk' } });
  });

  it('confirms no intent of manual confirmation from a browser, before the authentication or after it', async () => {
    const waiting = await pay(await tokenFor('4000002500003155'), {
      confirmation_method: 'manual',
      use_stripe_sdk: true,
    });
    expect(waiting).toMatchObject({ status: 'requires_action', confirmation_method: 'manual' });
    const inBrowser = async () => {
      const body = new URLSearchParams({
        client_secret: String(waiting.client_secret),
        confirmation_token: await tokenFor('4242424242424242'),
      });
      const path = `/v1/payment_intents/${waiting.id}/confirm`;
      return sandbox.request('POST', path, body.toString(), { ...browser, origin: sandbox.url });
    };
    const refused = {
      status: 400,
      json: { error: { message: expect.stringContaining('cannot be confirmed using your publishable key') as string } },
    };
    expect(await inBrowser()).toMatchObject(refused);
    await sandbox.tell(`payment_intents/${waiting.id}/authenticate`, { outcome: 'succeed' });
    expect(await inBrowser()).toMatchObject(refused);
    expect(await stripe.paymentIntents.confirm(waiting.id)).toMatchObject({ status: 'succeeded' });
  });

  it('sets a card up', async () => {
    const customer = await stripe.customers.create({});
    const token = await tokenFor('5555555555554444');
    const intent = await stripe.setupIntents.create({
      customer: customer.id,
      confirm: true,
      confirmation_token: token,
    });
    expect(intent.status).toBe('succeeded');
    expect((await stripe.confirmationTokens.retrieve(token)).setup_intent).toBe(intent.id);
    const { data } = await stripe.customers.listPaymentMethods(customer.id);
    expect(data).toMatchObject([{ id: intent.payment_method, card: { brand: 'mastercard' } }]);
  });

  it('of a bank account names the account of Financial Connections, and debits of it end as the account says', async () => {
    const body = new URLSearchParams({
      'payment_method_data[type]': 'us_bank_account',
      'payment_method_data[us_bank_account][financial_connections_account]': 'fca_test_usBankAccount_insufficientFunds',
      'payment_method_data[billing_details][name]': 'J',
    });
    const headers = { ...browser, origin: sandbox.url };
    const made = await sandbox.request('POST', '/v1/confirmation_tokens', body.toString(), headers);
    const token = await stripe.confirmationTokens.retrieve(made.json.id as string);
    expect(token).toMatchObject({
      mandate_data: { customer_acceptance: { type: 'online' } },
      payment_method_preview: {
        us_bank_account: {
          bank_name: 'STRIPE TEST BANK',
          last4: '2227',
          financial_connections_account: 'fca_test_usBankAccount_insufficientFunds',
        },
      },
    });
    const paid = await pay(token.id);
    expect(paid.status).toBe('processing');
    await sandbox.tell('settle', {});
    expect(await stripe.paymentIntents.retrieve(paid.id, { expand: ['latest_charge'] })).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'insufficient_funds' },
      latest_charge: { status: 'failed', failure_code: 'insufficient_funds' },
    });
    const setup = await stripe.setupIntents.create({
      payment_method: 'pm_usBankAccount',
      confirm: true,
      customer: (await stripe.customers.create({})).id,
    });
    expect(setup).toMatchObject({ status: 'succeeded', mandate: expect.stringMatching(/^mandate_/) as string });
  });

  it('can be made on the server by tests', async () => {
    const { id } = await stripe.testHelpers.confirmationTokens.create({ payment_method: 'pm_card_chargeDeclined' });
    await expect(pay(id)).rejects.toMatchObject({ code: 'card_declined' });
  });

  it('leaves no card number in the books or in the log', async () => {
    const headers = { 'idempotency-key': 'a-key-that-would-keep-the-answer' };
    const numbers = [...new Set(testCardNames().map((name) => testCard(name).number))];
    for (const number of numbers) expect((await typed({ number, cvc: '1234' }, headers)).status).toBe(200);
    await typed({ number: '4111111111111111' });
    const files = readdirSync(sandbox.directory).map((name) => readFileSync(join(sandbox.directory, name), 'latin1'));
    const kept = files.join('\n') + JSON.stringify(logged);
    expect(kept).toContain('ctoken_');
    expect([...numbers, '4111111111111111'].filter((number) => kept.includes(number))).toEqual([]);
    expect(logged).toEqual([]);
  });
});

describe('a publishable key with the client secret of an intent', () => {
  const origin = 'http://127.0.0.1:3000';
  const path = ({ id }: { id: string }) => `/v1/${id.startsWith('pi_') ? 'payment' : 'setup'}_intents/${id}`;

  it('sees of it what a customer may see', async () => {
    const customer = await stripe.customers.create({});
    const details = { customer: customer.id, metadata: { tenantId: 't' } };
    for (const intent of [
      await stripe.paymentIntents.create({ amount: 900, currency: 'usd', payment_method: 'pm_card_visa', ...details }),
      await stripe.setupIntents.create({ payment_method: 'pm_card_visa', ...details }),
    ]) {
      const secret = `client_secret=${intent.client_secret ?? ''}`;
      const headers = { ...browser, origin };
      const seen = await sandbox.request('GET', `${path(intent)}?${secret}`, undefined, headers);
      expect(seen).toMatchObject({ status: 200, json: { id: intent.id, status: 'requires_confirmation' } });
      expect(seen.headers.get('access-control-allow-origin')).toBe(origin);
      expect(Object.keys(seen.json)).not.toEqual(expect.arrayContaining(['metadata']));
      for (const hidden of ['metadata', 'customer', 'latest_charge', 'tenantId', customer.id]) {
        expect(seen.text).not.toContain(`"${hidden}"`);
      }
      const wrong = await sandbox.request('GET', `${path(intent)}?${secret}x`, undefined, browser);
      expect(wrong).toMatchObject({ status: 400, json: { error: { param: 'client_secret' } } });
      const none = await sandbox.request('GET', path(intent), undefined, browser);
      expect(none).toMatchObject({ status: 400, json: { error: { code: 'parameter_missing' } } });
    }
  });

  it('confirms it, and is shown a decline without a fingerprint', async () => {
    const setup = await stripe.setupIntents.create({});
    const token = await tokenFor('4000000000000002');
    const form = (intent: Stripe.SetupIntent | Stripe.PaymentIntent, confirmation_token: string) =>
      new URLSearchParams({ client_secret: intent.client_secret ?? '', confirmation_token }).toString();
    const declined = await sandbox.request('POST', `${path(setup)}/confirm`, form(setup, token), browser);
    expect(declined).toMatchObject({
      status: 402,
      json: { error: { code: 'card_declined', setup_intent: { status: 'requires_payment_method' } } },
    });
    expect(declined.text).toContain('"last4":"0002"');
    expect(declined.text).not.toContain('fingerprint');
    const good = form(setup, await tokenFor('4242424242424242'));
    expect((await sandbox.request('POST', `${path(setup)}/confirm`, good, browser)).json.status).toBe('succeeded');
  });

  it('is asked from pages of this machine alone, and about intents alone', async () => {
    const ask = async (url: string, from: string) => {
      const answer = await fetch(sandbox.url + url, { method: 'OPTIONS', headers: { origin: from } });
      return [answer.status, answer.headers.get('access-control-allow-origin')];
    };
    expect(await ask('/v1/payment_intents/pi_1/confirm', origin)).toEqual([204, origin]);
    expect(await ask('/v1/payment_intents/pi_1', 'https://example.com')).toEqual([401, null]);
    expect(await ask('/v1/confirmation_tokens', origin)).toEqual([401, null]);
    expect(await ask('/v1/payment_intents', origin)).toEqual([401, null]);
  });

  it('does nothing else', async () => {
    const { id } = await stripe.paymentIntents.create({ amount: 900, currency: 'usd' });
    for (const [method, url] of [
      ['GET', '/v1/payment_intents'],
      ['POST', '/v1/payment_intents'],
      ['POST', `/v1/payment_intents/${id}`],
      ['POST', `/v1/payment_intents/${id}/cancel`],
      ['POST', `/v1/payment_intents/${id}/capture`],
      ['GET', '/v1/confirmation_tokens/ctoken_1'],
      ['POST', '/v1/test_helpers/confirmation_tokens'],
      ['GET', '/v1/account'],
    ] as const) {
      const answer = await sandbox.request(method, url, method === 'POST' ? '' : undefined, browser);
      expect([method, url, answer.status, answer.json.error?.code]).toEqual([method, url, 403, 'secret_key_required']);
    }
  });
});
