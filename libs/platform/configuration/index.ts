import { resolve } from 'node:path';

import { plainToInstance } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, IsUrl, Matches, Max, Min, MinLength, validateSync } from 'class-validator';

import type { AuditSettings } from './audit.js';
import { readAuditSettings } from './audit.js';
import type { BucketPlace } from './bucket-place.js';
import { bucketPlaceOf } from './bucket-place.js';
import type { CheckoutSettings } from './checkout.js';
import { readCheckoutSettings } from './checkout.js';
import { ConfigurationError } from './configuration-error.js';
import type { ClientSettings, InboundSettings, TrustedProxies } from './inbound.js';
import { readInboundSettings } from './inbound.js';
import type { AwsKeyManagementSettings, KeyManagementSettings, LocalKeyManagementSettings } from './key-management.js';
import { isMasterKey, readKeyManagementSettings } from './key-management.js';
import type { KafkaSettings } from './kafka.js';
import { readKafkaSettings } from './kafka.js';
import { refuseUnverifiedConnections } from './outbound.js';
import type { RateLimit, RateLimitSettings } from './rate-limits.js';
import { readRateLimits } from './rate-limits.js';
import { unusablePort } from './unusable-port.js';

export { ConfigurationError, isMasterKey, readInboundSettings, readKafkaSettings, refuseUnverifiedConnections };
export type { AwsKeyManagementSettings, KeyManagementSettings, LocalKeyManagementSettings };
export { bucketPlaceOf, readCheckoutSettings, unusablePort };
export type { AuditSettings, BucketPlace, CheckoutSettings };
export type { ClientSettings, InboundSettings, KafkaSettings, RateLimit, RateLimitSettings, TrustedProxies };

/** The exit code of a program that was configured wrongly: EX_CONFIG of sysexits.h. */
export const exitConfiguration = 78;

/** Who issues tokens while no issuer is configured: a name, the same on every port, so that `billing token` needs no running api. */
export const developmentIssuer = 'http://localhost/development-issuer';

export type Environment = 'development' | 'test' | 'production';

export interface Configuration {
  environment: Environment;
  dataDirectory: string;
  databaseUrl: string;
  port: number;
  /** Where webhooks are taken in. */
  webhookPort: number;
  /** Where an app without an api of its own serves its metrics; undefined: nowhere. */
  metricsPort: number | undefined;
  logLevel: string;
  auth: { issuer: string; audience: string; jwksUrl: string };
  kms: KeyManagementSettings;
  stripe: {
    apiBase: string | undefined;
    /** The first key of the API, while none is stored; never in production. */
    apiKey: string | undefined;
    /** The first secrets of the webhook endpoints, while none is stored; never in production. */
    webhookSecret: string | undefined;
    connectWebhookSecret: string | undefined;
  };
  /** How often the gateway compares with the processor unasked; 0: only when an operator asks. */
  reconcileEveryHours: number;
  /** After how many days a tenant's key is replaced by a new version. */
  keyRotationDays: number;
  /** After how many minutes an opened API key or webhook secret is opened by the KMS again. */
  secretsOpenMinutes: number;
  /** Undefined: the log is read from Postgres, and commands come over HTTP alone. */
  kafka: KafkaSettings | undefined;
  audit: AuditSettings;
  rateLimits: RateLimitSettings;
}

const url = { require_tld: false, require_protocol: true };
const port = 'must be a port number from 0 (any free one) to 65535';
const days = 'must be a whole number of days from 1 to 365';
const minutes = 'must be a whole number of minutes from 1 to 60';
const hours = 'must be a whole number of hours from 1 to 720, or 0 for never';
/** Signing secrets of Stripe's webhook endpoints. One that was pasted with a space in it would verify nothing. */
export const webhookSecretForm = /^whsec_[\x21-\x7e]{8,250}$/;
const webhookSecret = 'must be a signing secret of a webhook endpoint (whsec_...), without spaces';

/** The environment variables of design 11, as strings come in. */
class Settings {
  @IsIn(['development', 'test', 'production'], { message: 'must be development, test or production' })
  BILLING_ENV!: Environment;

  @IsOptional()
  @MinLength(1, { message: 'must name a folder' })
  BILLING_DATA_DIR?: string;

  @Matches(/^postgres(ql)?:\/\//, { message: 'must be a postgres:// connection string' })
  DATABASE_URL!: string;

  @IsOptional()
  @IsInt({ message: port })
  @Min(0, { message: port })
  @Max(65_535, { message: port })
  PORT?: number;

  @IsOptional()
  @IsInt({ message: port })
  @Min(0, { message: port })
  @Max(65_535, { message: port })
  WEBHOOK_PORT?: number;

  @IsOptional()
  @IsInt({ message: port })
  @Min(0, { message: port })
  @Max(65_535, { message: port })
  METRICS_PORT?: number;

  @IsOptional()
  @IsInt({ message: hours })
  @Min(0, { message: hours })
  @Max(720, { message: hours })
  RECONCILE_EVERY?: number;

  @IsOptional()
  @IsInt({ message: days })
  @Min(1, { message: days })
  @Max(365, { message: days })
  KEY_ROTATION_DAYS?: number;

  @IsOptional()
  @IsInt({ message: minutes })
  @Min(1, { message: minutes })
  @Max(60, { message: minutes })
  SECRETS_OPEN_MINUTES?: number;

  @IsOptional()
  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { message: 'must be a pino level' })
  LOG_LEVEL?: string;

  @IsOptional()
  @IsUrl({ ...url, protocols: ['http', 'https'] }, { message: 'must be the URL of an OpenID issuer' })
  AUTH_ISSUER?: string;

  @IsOptional()
  @MinLength(1, { message: 'must be the audience that tokens are issued for' })
  AUTH_AUDIENCE?: string;

  @IsOptional()
  @IsUrl({ ...url, protocols: ['http', 'https'] }, { message: 'must be the URL of a JWKS document' })
  AUTH_JWKS_URL?: string;

  @IsOptional()
  @IsUrl({ ...url, protocols: ['http', 'https'] }, { message: "must be the base URL of Stripe's API or of a stand-in" })
  STRIPE_API_BASE?: string;

  @IsOptional()
  @IsString()
  @Matches(/^(sk|rk)_(test|live)_/, { message: 'must be a secret (sk_) or restricted (rk_) key of Stripe' })
  STRIPE_API_KEY?: string;

  @IsOptional()
  @Matches(webhookSecretForm, { message: webhookSecret })
  STRIPE_WEBHOOK_SECRET?: string;

  @IsOptional()
  @Matches(webhookSecretForm, { message: webhookSecret })
  STRIPE_CONNECT_WEBHOOK_SECRET?: string;
}

/**
 * Reads and checks the environment, once. Throws ConfigurationError on the first wrong setting, and on what production
 * refuses: an http issuer or JWKS, the local KMS, a stand-in for Stripe, a key of Stripe or a webhook secret in the environment, Kafka without TLS, an audit log
 * without a name. A live key is refused everywhere else.
 */
export const readConfiguration = (environment: NodeJS.ProcessEnv): Configuration => {
  const settings = checked(environment);
  const dataDirectory = resolve(settings.BILLING_DATA_DIR ?? '.billing');
  const listen = settings.PORT ?? 3000;
  const issuer = settings.AUTH_ISSUER ?? developmentIssuer;
  const configuration: Configuration = {
    environment: settings.BILLING_ENV,
    dataDirectory,
    databaseUrl: settings.DATABASE_URL,
    port: listen,
    webhookPort: settings.WEBHOOK_PORT ?? 3001,
    metricsPort: settings.METRICS_PORT,
    logLevel: settings.LOG_LEVEL ?? 'info',
    auth: {
      issuer,
      audience: settings.AUTH_AUDIENCE ?? 'billing-service',
      jwksUrl: settings.AUTH_JWKS_URL ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`,
    },
    kms: readKeyManagementSettings(environment, dataDirectory),
    stripe: {
      apiBase: settings.STRIPE_API_BASE,
      apiKey: settings.STRIPE_API_KEY,
      webhookSecret: settings.STRIPE_WEBHOOK_SECRET,
      connectWebhookSecret: settings.STRIPE_CONNECT_WEBHOOK_SECRET,
    },
    reconcileEveryHours: settings.RECONCILE_EVERY ?? 24,
    keyRotationDays: settings.KEY_ROTATION_DAYS ?? 90,
    secretsOpenMinutes: settings.SECRETS_OPEN_MINUTES ?? 5,
    kafka: readKafkaSettings(environment),
    audit: readAuditSettings(environment, dataDirectory),
    rateLimits: readRateLimits(environment),
  };
  if (configuration.environment === 'production') {
    refuseTrialSettings(configuration);
    refuseUnverifiedConnections(environment);
  } else if (configuration.stripe.apiKey && /^(sk|rk)_live_/.test(configuration.stripe.apiKey)) {
    throw new ConfigurationError('STRIPE_API_KEY is a live key, which only production may use: it charges real cards');
  }
  return configuration;
};

const checked = (environment: NodeJS.ProcessEnv): Settings => {
  const names = Object.keys(environment).filter((name) => environment[name] !== '');
  const settings = plainToInstance(Settings, Object.fromEntries(names.map((name) => [name, environment[name]])));
  if (environment.PORT) settings.PORT = Number(environment.PORT);
  if (environment.WEBHOOK_PORT) settings.WEBHOOK_PORT = Number(environment.WEBHOOK_PORT);
  if (environment.METRICS_PORT) settings.METRICS_PORT = Number(environment.METRICS_PORT);
  if (environment.RECONCILE_EVERY) settings.RECONCILE_EVERY = Number(environment.RECONCILE_EVERY);
  if (environment.KEY_ROTATION_DAYS) settings.KEY_ROTATION_DAYS = Number(environment.KEY_ROTATION_DAYS);
  if (environment.SECRETS_OPEN_MINUTES) settings.SECRETS_OPEN_MINUTES = Number(environment.SECRETS_OPEN_MINUTES);
  const [wrong] = validateSync(settings, { stopAtFirstError: true });
  if (wrong)
    throw new ConfigurationError(`${wrong.property} ${Object.values(wrong.constraints ?? {})[0] ?? 'is wrong'}`);
  return settings;
};

const refuseTrialSettings = ({ auth, stripe }: Configuration): void => {
  if (!auth.issuer.startsWith('https:'))
    throw new ConfigurationError('AUTH_ISSUER must be an https issuer in production');
  if (!auth.jwksUrl.startsWith('https:')) throw new ConfigurationError('AUTH_JWKS_URL must be https in production');
  if (stripe.apiBase && !isStripe(stripe.apiBase)) {
    throw new ConfigurationError("STRIPE_API_BASE must be Stripe's own API in production; leave it out");
  }
  if (stripe.apiKey) {
    throw new ConfigurationError(
      'STRIPE_API_KEY must not be set in production: store the key with billing secrets set --kind api',
    );
  }
  if (stripe.webhookSecret ?? stripe.connectWebhookSecret) {
    const name = stripe.webhookSecret ? 'STRIPE_WEBHOOK_SECRET' : 'STRIPE_CONNECT_WEBHOOK_SECRET';
    throw new ConfigurationError(`${name} must not be set in production: store it with billing secrets set`);
  }
};

/** Whether a base URL is one of Stripe's own hosts and nothing else: no port, path or query, and no credentials. */
const isStripe = (base: string): boolean => {
  if (!URL.canParse(base)) return false;
  const { hostname, href } = new URL(base);
  return /^([a-z0-9-]+\.)*stripe\.com$/.test(hostname) && href === `https://${hostname}/`;
};
