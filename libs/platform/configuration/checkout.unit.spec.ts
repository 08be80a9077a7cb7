import { ConfigurationError, readCheckoutSettings } from './index.js';

const test = { BILLING_ENV: 'test' };
const production = { BILLING_ENV: 'production' };

describe('the settings of the checkout page', () => {
  it("are Stripe's own script, and no page, when nothing is said", () => {
    expect(readCheckoutSettings(test)).toEqual({
      publishableKey: undefined,
      baseUrl: undefined,
      isProduction: false,
      stripeJs: 'https://js.stripe.com/endive/stripe.js',
      origins: {
        scripts: ['https://js.stripe.com', 'https://*.js.stripe.com'],
        frames: ['https://js.stripe.com', 'https://*.js.stripe.com', 'https://hooks.stripe.com'],
        calls: ['https://api.stripe.com'],
      },
      limit: { requests: 1_200, seconds: 60 },
    });
    expect(readCheckoutSettings({ ...test, STRIPE_API_BASE: 'https://api.stripe.com' }).stripeJs).toContain(
      'js.stripe.com',
    );
  });

  it('are the stand-in for Stripe, all of it at its own origin', () => {
    const { stripeJs, origins } = readCheckoutSettings({ ...test, STRIPE_API_BASE: 'http://127.0.0.1:3002' });
    expect(stripeJs).toBe('http://127.0.0.1:3002/endive/stripe.js');
    expect(Object.values(origins)).toEqual([1, 2, 3].map(() => ['http://127.0.0.1:3002']));
  });

  it.each([
    [{ ...test, STRIPE_PUBLISHABLE_KEY: 'sk_test_1' }, 'STRIPE_PUBLISHABLE_KEY must be a publishable key'],
    [{ ...test, STRIPE_PUBLISHABLE_KEY: 'pk_test_1"x' }, 'STRIPE_PUBLISHABLE_KEY must be a publishable key'],
    [{ ...test, STRIPE_PUBLISHABLE_KEY: 'pk_live_1' }, 'only production may use'],
    [{ ...production, STRIPE_PUBLISHABLE_KEY: 'pk_test_1' }, 'must be a live key in production'],
    [{ ...test, CHECKOUT_BASE_URL: 'https://pay.example/x' }, 'CHECKOUT_BASE_URL must be an origin'],
    [{ ...test, CHECKOUT_BASE_URL: 'pay.example' }, 'CHECKOUT_BASE_URL must be an origin'],
    [{ ...test, CHECKOUT_BASE_URL: 'http://pay.example' }, 'must be https'],
    [{ ...production, CHECKOUT_BASE_URL: 'http://127.0.0.1:3000' }, 'must be https'],
    [{ ...production, STRIPE_PUBLISHABLE_KEY: 'pk_live_1' }, 'CHECKOUT_BASE_URL is needed in production'],
    [{ ...test, RATE_LIMIT_CHECKOUT: 'many' }, 'RATE_LIMIT_CHECKOUT must be requests/seconds'],
  ])('refuse %j', (environment, message) => {
    expect(() => readCheckoutSettings(environment)).toThrow(ConfigurationError);
    expect(() => readCheckoutSettings(environment)).toThrow(message);
  });

  it('take the good ones', () => {
    const given = { STRIPE_PUBLISHABLE_KEY: 'pk_live_1', CHECKOUT_BASE_URL: 'https://pay.example.com/' };
    expect(readCheckoutSettings({ ...production, ...given })).toMatchObject({
      publishableKey: 'pk_live_1',
      baseUrl: 'https://pay.example.com',
    });
    expect(readCheckoutSettings({ ...test, RATE_LIMIT_CHECKOUT: '0' }).limit).toBeUndefined();
  });
});
