import { ConfigurationError, readConfiguration } from '#platform/configuration';

/** What the standalone is told by its environment. */
export interface StandaloneSettings {
  environment: 'development' | 'test' | 'production';
  /** absolute */
  dataDirectory: string;
  /** 0 asks for any free one */
  ports: { PORT: number; WEBHOOK_PORT: number; SANDBOX_PORT: number };
  /** an external Postgres, as an administrator; undefined asks for the embedded one */
  databaseUrl: string | undefined;
  /** whether our own stand-in for Stripe runs: not in production, and not when the reader named Stripe or gave a key of it */
  sandbox: boolean;
  stripe: { apiBase: string | undefined; apiKey: string | undefined };
  /** everything else, for the apps: what the standalone was given, without the credentials that not each of them may have */
  inherited: NodeJS.ProcessEnv;
}

const port = (environment: NodeJS.ProcessEnv, name: string, otherwise: number): number => {
  const text = environment[name];
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new ConfigurationError(`${name} must be a port number from 0 (any free one) to 65535`);
  }
  return Number(text);
};

/**
 * Reads the environment, in which BILLING_ENV defaults to development and DATABASE_URL to the embedded Postgres.
 * @throws ConfigurationError with one line that names the first wrong variable
 */
export const readSettings = (given: NodeJS.ProcessEnv): StandaloneSettings => {
  const environment = given.BILLING_ENV === '' ? undefined : given.BILLING_ENV;
  const databaseUrl = given.DATABASE_URL === '' ? undefined : given.DATABASE_URL;
  const configuration = readConfiguration({
    ...given,
    BILLING_ENV: environment ?? 'development',
    DATABASE_URL: databaseUrl ?? 'postgres://embedded',
  });
  const { stripe } = configuration;
  const { DATABASE_URL: _database, STRIPE_API_KEY: _key, ...inherited } = given;
  const ports = {
    PORT: port(given, 'PORT', 3000),
    WEBHOOK_PORT: port(given, 'WEBHOOK_PORT', 3001),
    SANDBOX_PORT: port(given, 'SANDBOX_PORT', 3002),
  };
  refuseSharedPorts(ports);
  return {
    environment: configuration.environment,
    dataDirectory: configuration.dataDirectory,
    ports,
    databaseUrl,
    sandbox:
      configuration.environment !== 'production' && (stripe.apiBase ?? '') === '' && (stripe.apiKey ?? '') === '',
    stripe,
    inherited,
  };
};

const refuseSharedPorts = (ports: Record<string, number>): void => {
  const seen = new Map<number, string>();
  for (const [name, number] of Object.entries(ports)) {
    const other = number === 0 ? undefined : seen.get(number);
    if (other !== undefined) throw new ConfigurationError(`${name} must not be ${number} too, which is ${other}'s`);
    seen.set(number, name);
  }
};
