import { appSpecs, standaloneGroups } from './groups.js';
import { refuseSharedPorts } from './port-settings.js';
import { readSettings } from './settings.js';
import { urlsOf } from './whereabouts.js';

const none = { platform: undefined, connect: undefined };

describe('settings of the standalone', () => {
  it('need nothing: development, the embedded Postgres, the sandbox', () => {
    expect(readSettings({})).toMatchObject({
      environment: 'development',
      ports: { PORT: 3000, WEBHOOK_PORT: 3001, SANDBOX_PORT: 3002 },
      databaseUrl: undefined,
      sandbox: true,
    });
  });

  it.each([
    [{ PORT: 'http' }, 'PORT must be a port number'],
    [{ WEBHOOK_PORT: '65536' }, 'WEBHOOK_PORT must be a port number'],
    [{ SANDBOX_PORT: '-1' }, 'SANDBOX_PORT must be a port number'],
    [{ DATABASE_URL: 'mysql://x' }, 'DATABASE_URL must be'],
    [{ BILLING_ENV: 'staging' }, 'BILLING_ENV must be'],
    [{ BILLING_ENV: 'production' }, 'in production'],
  ])('refuse %j', (environment, message) => {
    expect(() => readSettings(environment)).toThrow(message);
  });

  it('refuse a port that two apps would listen on, and no other', () => {
    const check = (environment: NodeJS.ProcessEnv) => () => {
      const settings = readSettings(environment);
      refuseSharedPorts(standaloneGroups(settings), settings.ports);
    };
    expect(check({ PORT: '4000', SANDBOX_PORT: '4000' })).toThrow("SANDBOX_PORT must not be 4000 too, which is PORT's");
    expect(check({ PORT: '3001' })).toThrow("WEBHOOK_PORT must not be 3001 too, which is PORT's");
    expect(check({ PORT: '3002', STRIPE_API_KEY: 'sk_test_1' })).not.toThrow();
    expect(check({ PORT: '0', SANDBOX_PORT: '0' })).not.toThrow();
  });

  it.each([[{ STRIPE_API_BASE: 'http://127.0.0.1:9' }], [{ STRIPE_API_KEY: 'sk_test_1' }]])(
    'start no sandbox where the reader named another Stripe: %j',
    (environment) => {
      const settings = readSettings(environment);
      expect(settings.sandbox).toBe(false);
      expect(standaloneGroups(settings).map(({ name }) => name)).toEqual(['back', 'front']);
    },
  );

  it('make every app a process of its own with Kafka, and hand its login to those that talk to it', () => {
    const kafka = { KAFKA_BROKERS: '127.0.0.1:1', KAFKA_SASL_USERNAME: 'billing', KAFKA_SASL_PASSWORD: 'hush' };
    const settings = readSettings(kafka);
    const groups = standaloneGroups(settings);
    expect(groups.map(({ name, apps }) => [name, ...apps.map((app) => app.name)])).toEqual(
      ['sandbox', 'gateway', 'projector', 'merkle-anchor', 'relay', 'command-worker', 'webhook-ingest', 'api'].map(
        (name) => [name, name === 'sandbox' ? 'stripe-sandbox' : name],
      ),
    );
    const surroundings = {
      settings,
      ports: settings.ports,
      roleUrl: (role: string) => `postgres://${role}@127.0.0.1/x`,
      webhookSecrets: none,
    };
    const specs = groups.flatMap((group) => appSpecs(group, surroundings));
    const told = specs.filter(({ environment }) => environment.KAFKA_SASL_PASSWORD === 'hush');
    expect(told.map(({ name }) => name)).toEqual(['gateway', 'projector', 'merkle-anchor', 'relay', 'command-worker']);
    expect(JSON.stringify(settings.inherited)).not.toContain('hush');
    expect(() => readSettings({ KAFKA_BROKERS: 'nowhere' })).toThrow('KAFKA_BROKERS must be host:port');
  });

  it('hand what opens the keyring to those that hold keys', () => {
    const base64 = Buffer.alloc(32, 7).toString('base64');
    const settings = readSettings({ KAFKA_BROKERS: '127.0.0.1:1', BILLING_KEYRING_MASTER_KEY: base64 });
    const surroundings = { settings, ports: settings.ports, roleUrl: () => 'postgres://x', webhookSecrets: none };
    const specs = standaloneGroups(settings).flatMap((group) => appSpecs(group, surroundings));
    const told = specs.filter(({ environment }) => JSON.stringify(environment).includes(base64));
    expect(told.map(({ name }) => name)).toEqual([
      'gateway',
      'merkle-anchor',
      'command-worker',
      'webhook-ingest',
      'api',
    ]);
    expect(JSON.stringify(settings.inherited)).not.toContain(base64);
  });

  it('give each app without an api a port for its metrics, where one is named', () => {
    const metricsOf = (given: NodeJS.ProcessEnv) => {
      const settings = readSettings({ KAFKA_BROKERS: '127.0.0.1:1', ...given });
      const surroundings = { settings, ports: settings.ports, roleUrl: () => 'postgres://x', webhookSecrets: none };
      return standaloneGroups(settings)
        .flatMap((group) => appSpecs(group, surroundings))
        .flatMap(({ name, environment }) => (environment.METRICS_PORT ? [[name, environment.METRICS_PORT]] : []));
    };
    expect(metricsOf({})).toEqual([]);
    expect(metricsOf({ METRICS_PORT: '9464' })).toEqual([
      ['gateway', '9464'],
      ['projector', '9465'],
      ['merkle-anchor', '9468'],
      ['relay', '9466'],
      ['command-worker', '9467'],
    ]);
  });

  it("hand each app its own role, and Stripe's key and the administrator's URL to nobody else", () => {
    const settings = readSettings({ DATABASE_URL: 'postgres://admin:secret@127.0.0.1/x', STRIPE_API_KEY: 'sk_test_1' });
    const surroundings = {
      settings,
      ports: settings.ports,
      roleUrl: (role: string) => `postgres://${role}@127.0.0.1/x`,
      webhookSecrets: none,
    };
    const specs = standaloneGroups(settings).flatMap((group) => appSpecs(group, surroundings));
    const withKey = specs.filter(({ environment }) => JSON.stringify(environment).includes('sk_test_1'));
    expect(withKey.map(({ name }) => name)).toEqual(['gateway']);
    expect(JSON.stringify([specs, settings.inherited])).not.toContain('secret');
    expect(specs.find(({ name }) => name === 'api')?.environment).toMatchObject({
      DATABASE_URL: 'postgres://billing_api@127.0.0.1/x',
      BILLING_ENV: 'development',
    });
  });

  it('hand the secrets of webhooks to who takes them in and to who sends them, and nobody else', () => {
    const given = { STRIPE_WEBHOOK_SECRET: 'whsec_ofThePlatform', STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_ofConnect' };
    for (const more of [{}, { KAFKA_BROKERS: '127.0.0.1:1' }]) {
      const settings = readSettings({ ...given, ...more, WEBHOOK_PORT: '4001' });
      const surroundings = {
        settings,
        ports: settings.ports,
        roleUrl: () => 'postgres://x',
        webhookSecrets: { platform: settings.stripe.webhookSecret, connect: settings.stripe.connectWebhookSecret },
      };
      const specs = standaloneGroups(settings).flatMap((group) => appSpecs(group, surroundings));
      const told = specs.filter(({ environment }) => JSON.stringify(environment).includes('whsec_'));
      expect(told.map(({ name }) => name)).toEqual(['stripe-sandbox', 'webhook-ingest']);
      expect(told.map(({ environment }) => environment)).toMatchObject([
        {
          SANDBOX_WEBHOOK_URL: 'http://127.0.0.1:4001/webhooks/stripe',
          SANDBOX_WEBHOOK_SECRET: 'whsec_ofThePlatform',
          SANDBOX_CONNECT_WEBHOOK_SECRET: 'whsec_ofConnect',
        },
        given,
      ]);
      expect(JSON.stringify(settings.inherited)).not.toContain('whsec_');
    }
  });

  describe('of its listeners', () => {
    const clients = { TLS_CLIENT_CA: 'ca.pem', TLS_CLIENT_ALLOW: 'allow', TLS_CLIENT_DENY: 'deny' };
    const secure = { ...clients, TLS_CERT: 'api.pem', TLS_KEY: 'api.key', SERVICE_PORT: '4443', WEBHOOK_PORT: '4001' };

    it('reach the apps, with the port for services as it was settled', () => {
      const settings = readSettings({ ...secure, SERVICE_PORT: '0', HOST: '0.0.0.0' });
      const ports = { ...settings.ports, SERVICE_PORT: 4444 };
      const surroundings = { settings, ports, roleUrl: () => 'postgres://x', webhookSecrets: none };
      const specs = standaloneGroups(settings).flatMap((group) => appSpecs(group, surroundings));
      const environmentOf = (app: string) => specs.find(({ name }) => name === app)?.environment;
      expect(environmentOf('api')).toMatchObject({ ...secure, SERVICE_PORT: '4444', HOST: '0.0.0.0' });
      expect(environmentOf('webhook-ingest')).toMatchObject({ TLS_CERT: 'api.pem', TLS_KEY: 'api.key' });
      expect(environmentOf('stripe-sandbox')).toMatchObject({
        SANDBOX_WEBHOOK_URL: 'https://127.0.0.1:4001/webhooks/stripe',
      });
    });

    it('tell the reader where services call', () => {
      const settings = readSettings({ ...secure, HOST: '::' });
      expect(urlsOf(standaloneGroups(settings), settings, settings.ports)).toEqual({
        apiUrl: 'https://[::1]:3000',
        serviceUrl: 'https://[::1]:4443',
        webhookUrl: 'https://127.0.0.1:4001/webhooks/stripe',
        sandboxUrl: 'http://127.0.0.1:3002',
      });
      const plain = readSettings({});
      expect(urlsOf(standaloneGroups(plain), plain, plain.ports)).toMatchObject({
        apiUrl: 'http://127.0.0.1:3000',
        serviceUrl: undefined,
      });
    });

    it('stop it where plain HTTP would leave this machine, or two listen on one port', () => {
      for (const name of ['HOST', 'WEBHOOK_HOST'])
        expect(() => readSettings({ [name]: '0.0.0.0' })).toThrow(`${name} is 0.0.0.0, which other machines may reach`);
      const settings = readSettings({ ...secure, SERVICE_PORT: '4001' });
      expect(() => {
        refuseSharedPorts(standaloneGroups(settings), settings.ports);
      }).toThrow("WEBHOOK_PORT must not be 4001 too, which is SERVICE_PORT's");
    });
  });
});
