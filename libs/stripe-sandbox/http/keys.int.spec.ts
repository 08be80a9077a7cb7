import Stripe from 'stripe';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

let sandbox: SpecSandbox;
beforeAll(async () => {
  sandbox = await startSpecSandbox();
});
afterAll(() => sandbox.discard());

const client = (key: string) => new Stripe(key, sandbox.client);

describe('a revoked key', () => {
  it('is no longer good, after a restart too, until all are good again', async () => {
    let own = await startSpecSandbox();
    const answers = async (key: string) =>
      (await own.request('GET', '/v1/balance', undefined, { authorization: `Bearer ${key}` })).status;
    expect(await own.tell('keys', { revoke: 'sk_test_leaked' })).toEqual({ revoked: 1 });
    expect([await answers('sk_test_leaked'), await answers('sk_test_other')]).toEqual([401, 200]);
    await own.close();
    own = await startSpecSandbox({ directory: own.directory });
    await expect(new Stripe('sk_test_leaked', own.client).balance.retrieve()).rejects.toMatchObject({
      type: 'StripeAuthenticationError',
      code: 'api_key_expired',
      message: expect.not.stringContaining('leaked') as string,
    });
    expect((await own.request('DELETE', '/sandbox/keys')).json).toEqual({ revoked: 0 });
    expect(await answers('sk_test_leaked')).toBe(200);
    await expect(own.tell('keys', { revoke: 'a key' })).rejects.toThrow('400');
    await own.discard();
  });
});

describe('a restricted key', () => {
  it('may not do what its text says, and is told before its parameters are read', async () => {
    const limited = client('rk_test_without_refunds_write_without_payouts_read_1');
    await expect(limited.refunds.create({ payment_intent: 'pi_none' })).rejects.toMatchObject({
      type: 'StripePermissionError',
      statusCode: 403,
      message: expect.stringMatching(
        /^The provided key 'rk_test_\*+\w+' does not have the required permissions for this endpoint on account 'acct_3PlatformOfTheSandbox'\. Having the 'rak_refund_write' permission would allow this request to continue\.$/,
      ) as string,
    });
    await expect(limited.payouts.list()).rejects.toMatchObject({ statusCode: 403 });
    await expect(limited.payouts.create({ amount: 100, currency: 'usd' })).rejects.toMatchObject({ statusCode: 403 });
    await expect(limited.refunds.list()).resolves.toMatchObject({ data: [] });
    await expect(limited.customers.create({})).resolves.toMatchObject({ object: 'customer' });
  });

  it.each([
    ['webhook_endpoints', 'rak_webhook_read', (stripe: Stripe) => stripe.webhookEndpoints.list()],
    [
      'early_fraud_warnings',
      'rak_radar_early_fraud_warning_read',
      (stripe: Stripe) => stripe.radar.earlyFraudWarnings.list(),
    ],
    [
      'confirmation_tokens',
      'rak_confirmation_token_read',
      (stripe: Stripe) => stripe.confirmationTokens.retrieve('ctoken_1'),
    ],
    ['accounts', 'rak_accounts_kyc_basic_read', (stripe: Stripe) => stripe.accounts.retrieveCurrent()],
  ])('without %s is told of %s', async (resource, permission, ask) => {
    await expect(ask(client(`rk_test_without_${resource}_read`))).rejects.toMatchObject({
      statusCode: 403,
      message: expect.stringContaining(`'${permission}'`) as string,
    });
  });
});

describe('the account of a key', () => {
  it('is the sandbox itself, or another where the key says so', async () => {
    expect((await client('rk_test_1').accounts.retrieveCurrent()).id).toBe('acct_3PlatformOfTheSandbox');
    expect((await client('sk_test_of_another_account').accounts.retrieveCurrent()).id).toBe(
      'acct_3AnotherOfTheSandbox',
    );
  });
});

describe('publishable keys', () => {
  it('can be limited to some, apart from the secret ones', async () => {
    const own = await startSpecSandbox({ apiKeys: ['pk_test_own'] });
    const status = async (key: string) =>
      (
        await own.request('GET', '/v1/payment_intents/pi_1?client_secret=x', undefined, {
          authorization: `Bearer ${key}`,
        })
      ).status;
    expect([await status('pk_test_own'), await status('pk_test_other'), await status('sk_test_any')]).toEqual([
      404, 401, 401,
    ]);
    await own.discard();
  });
});
