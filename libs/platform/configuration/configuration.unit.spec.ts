import { ConfigurationError, readConfiguration } from './index.js';

const enough = { BILLING_ENV: 'development', DATABASE_URL: 'postgres://u:p@127.0.0.1/db' };
const production = {
  BILLING_ENV: 'production',
  DATABASE_URL: 'postgres://u:p@db.internal/billing?sslmode=verify-full',
  AUTH_ISSUER: 'https://id.example.com',
  KMS_PROVIDER: 'aws',
  AUDIT_ORIGIN: 'billing.example.com/audit',
};

describe('configuration', () => {
  it('has a default for everything but the environment and the database', () => {
    const configuration = readConfiguration(enough);
    expect(configuration).toMatchObject({
      port: 3000,
      auth: { issuer: 'http://localhost/development-issuer' },
      kms: { provider: 'local' },
    });
  });
  it('finds the keys of an issuer where OpenID Connect puts them', () => {
    const { auth } = readConfiguration({ ...enough, AUTH_ISSUER: 'https://id.example.com/' });
    expect(auth.jwksUrl).toBe('https://id.example.com/.well-known/jwks.json');
  });
  it.each([
    ['BILLING_ENV', {}, 'BILLING_ENV must be development, test or production'],
    ['PORT', { ...enough, PORT: 'http' }, 'PORT must be a port number'],
    ['PORT', { ...enough, PORT: '70000' }, 'PORT must be a port number'],
    ['DATABASE_URL', { ...enough, DATABASE_URL: 'mysql://x' }, 'DATABASE_URL must be a postgres://'],
    ['AUTH_ISSUER', { ...enough, AUTH_ISSUER: 'nowhere' }, 'AUTH_ISSUER must be the URL'],
    ['KMS_PROVIDER', { ...enough, KMS_PROVIDER: 'vault' }, 'KMS_PROVIDER must be local or aws'],
    ['STRIPE_API_KEY', { ...enough, STRIPE_API_KEY: 'pk_test_1' }, 'STRIPE_API_KEY must be a secret'],
    ['WEBHOOK_PORT', { ...enough, WEBHOOK_PORT: '70000' }, 'WEBHOOK_PORT must be a port number'],
    ['RECONCILE_EVERY', { ...enough, RECONCILE_EVERY: 'daily' }, 'RECONCILE_EVERY must be a whole number of hours'],
    ['KEY_ROTATION_DAYS', { ...enough, KEY_ROTATION_DAYS: '0' }, 'KEY_ROTATION_DAYS must be a whole number of days'],
    ['SECRETS_OPEN_MINUTES', { ...enough, SECRETS_OPEN_MINUTES: '61' }, 'SECRETS_OPEN_MINUTES must be a whole number'],
    ['RECONCILE_EVERY', { ...enough, RECONCILE_EVERY: '-1' }, 'RECONCILE_EVERY must be a whole number of hours'],
  ])('names %s when it is wrong', (_, environment, message) => {
    expect(() => readConfiguration(environment)).toThrow(ConfigurationError);
    expect(() => readConfiguration(environment)).toThrow(message);
  });
  it.each(['whsec_abcdefgh ', 'whsec_abc defgh', 'sk_test_abcdefgh', 'whsec_'])(
    'takes no webhook secret such as "%s"',
    (secret) => {
      for (const name of ['STRIPE_WEBHOOK_SECRET', 'STRIPE_CONNECT_WEBHOOK_SECRET'])
        expect(() => readConfiguration({ ...enough, [name]: secret })).toThrow(`${name} must be a signing secret`);
    },
  );
  it.each(['sk_live_1', 'rk_live_1'])('refuses the live key %s outside production', (STRIPE_API_KEY) => {
    expect(() => readConfiguration({ ...enough, STRIPE_API_KEY })).toThrow('only production may use');
    expect(() => readConfiguration({ ...production, STRIPE_API_KEY })).toThrow(
      'STRIPE_API_KEY must not be set in production: store the key with billing secrets set --kind api',
    );
  });
  it.each([
    ['a development issuer', { AUTH_ISSUER: 'http://127.0.0.1:3000' }],
    ['an http JWKS', { AUTH_JWKS_URL: 'http://id.example.com/jwks' }],
    ['the local KMS', { KMS_PROVIDER: 'local' }],
    ['a sandbox', { STRIPE_API_BASE: 'http://127.0.0.1:3002' }],
    ['a test key', { STRIPE_API_KEY: 'sk_test_1' }],
    ['a webhook secret', { STRIPE_WEBHOOK_SECRET: 'whsec_abcdefgh' }],
    ['a database over plain TCP', { DATABASE_URL: 'postgres://u:p@db.internal/billing' }],
    ['a database that is not verified', { DATABASE_URL: 'postgres://u:p@db.internal/billing?sslmode=require' }],
    ['one whose name is not', { DATABASE_URL: 'postgres://u:p@db.internal/billing?sslmode=verify-ca' }],
    ['two words on it', { DATABASE_URL: 'postgres://u:p@db.internal/b?sslmode=verify-full&sslmode=disable' }],
    ['a host behind the host', { DATABASE_URL: 'postgres://u:p@db.internal/b?sslmode=verify-full&host=/tmp' }],
    ['a socket', { DATABASE_URL: 'postgres:///billing?host=/var/run&sslmode=verify-full' }],
    ['belief in every certificate', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }],
    ["the Connect endpoint's", { STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_abcdefgh' }],
  ])('refuses %s in production', (_, trial) => {
    expect(readConfiguration(production).environment).toBe('production');
    expect(() => readConfiguration({ ...production, ...trial })).toThrow('in production');
  });
  it.each([
    'https://evil.example?x=.stripe.com',
    'https://evil.example#.stripe.com',
    'https://evil.example/.stripe.com',
    'https://evil.example\\.stripe.com',
    'https://evilstripe.com',
    'https://stripe.com.evil.example',
    'https://api.stripe.com@evil.example',
    'https://evil.example%2f.stripe.com',
    'https://user:pass@api.stripe.com',
    'https://api.stripe.com:8443',
    'https://api.stripe.com/v1',
    'https://api.stripe.com/?x',
    'https://api.stripe.com/#x',
    'https://api.stripe.com.',
    'https://\u0455tripe.com',
    'http://api.stripe.com',
  ])('sends a live key to nobody but Stripe in production: not to %s', (STRIPE_API_BASE) => {
    expect(() => readConfiguration({ ...production, STRIPE_API_BASE })).toThrow(/STRIPE_API_BASE must be/);
  });
  it.each(['https://api.stripe.com', 'https://api.stripe.com/', 'https://API.Stripe.com:443', 'https://stripe.com'])(
    'takes %s for Stripe in production',
    (STRIPE_API_BASE) => {
      expect(readConfiguration({ ...production, STRIPE_API_BASE }).stripe.apiBase).toBe(STRIPE_API_BASE);
    },
  );
});
