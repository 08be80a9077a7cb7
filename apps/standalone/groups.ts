import type { AppSpec } from './protocol.js';
import { reachedAt } from './reached-at.js';
import type { StandaloneSettings } from './settings.js';
import type { WebhookSecrets } from './webhook-secrets.js';

/** An app as a member of a process. */
export interface GroupedApp {
  name: string;
  /** its compiled entry module */
  entry: URL;
  /** the port it listens on, by the variable that sets it */
  port?: keyof StandaloneSettings['ports'];
  /** whether it listens on SERVICE_PORT too, where that is asked for */
  services?: true;
  /** whether it works on the database, as a role of its own: `billing_` and its name */
  database: boolean;
  /** whether it may have Stripe's key: the gateway alone */
  stripe?: true;
  /** whether it serves pages with Stripe's script, and so is told whose account they are of */
  checkout?: true;
  /** whether it takes Stripe's webhooks in, or sends them in Stripe's place, and so may have their secrets */
  webhooks?: 'taken' | 'sent';
  /** whether it holds keys, and so may open the keyring */
  keys?: true;
  /** whether it talks to Kafka, where there is one */
  kafka?: true;
  /** which port it serves its metrics on, counted from METRICS_PORT; the api and webhook-ingest have them beside their routes */
  metrics?: number;
}

/** Apps that share a process. */
export interface Group {
  name: string;
  apps: GroupedApp[];
}

const app = (name: string, more: Partial<GroupedApp> = {}): GroupedApp => ({
  name,
  entry: new URL(`../${name}/main.js`, import.meta.url),
  database: true,
  ...more,
});

const sandbox: Group = {
  name: 'sandbox',
  apps: [
    {
      name: 'stripe-sandbox',
      entry: new URL('./sandbox.js', import.meta.url),
      port: 'SANDBOX_PORT',
      database: false,
      webhooks: 'sent',
    },
  ],
};
const gateway = app('gateway', { keys: true, stripe: true, kafka: true, metrics: 0 });
const projector = app('projector', { kafka: true, metrics: 1 });
const merkleAnchor = app('merkle-anchor', { keys: true, kafka: true, metrics: 4 });
const api = app('api', { port: 'PORT', keys: true, services: true, checkout: true });
const webhookIngest = app('webhook-ingest', { port: 'WEBHOOK_PORT', keys: true, webhooks: 'taken' });

const embedded: Group[] = [
  { name: 'back', apps: [gateway, projector, merkleAnchor] },
  { name: 'front', apps: [api, webhookIngest] },
];

/** With Kafka, each app is a process of its own, as in production. Who takes commands in is stopped before who carries them out. */
const onKafka: Group[] = [
  gateway,
  projector,
  merkleAnchor,
  app('relay', { kafka: true, metrics: 2 }),
  app('command-worker', { keys: true, kafka: true, metrics: 3 }),
  webhookIngest,
  api,
].map((each) => ({ name: each.name, apps: [each] }));

/** The processes of the standalone, in the order of their start; they are stopped in the opposite one. */
export const standaloneGroups = (settings: StandaloneSettings): Group[] => [
  ...(settings.sandbox ? [sandbox] : []),
  ...(settings.kafka ? onKafka : embedded),
];

/** What the environments of the apps are made from, once everything before them runs. */
export interface Surroundings {
  settings: StandaloneSettings;
  /** as settled: none is 0 */
  ports: StandaloneSettings['ports'];
  /** the database's URL for a role */
  roleUrl: (role: string) => string;
  webhookSecrets: WebhookSecrets;
}

/** The key that the sandbox is called with; it takes any test key. */
const sandboxKey = 'sk_test_sandbox';

const stripeVariables = ({ settings, ports }: Surroundings): NodeJS.ProcessEnv =>
  settings.sandbox
    ? { STRIPE_API_BASE: `http://127.0.0.1:${ports.SANDBOX_PORT}`, STRIPE_API_KEY: sandboxKey }
    : { STRIPE_API_BASE: settings.stripe.apiBase, STRIPE_API_KEY: settings.stripe.apiKey };

/** What the sandbox's script is called with in browsers; it takes any test key. */
const sandboxPublishableKey = 'pk_test_sandbox';

const checkoutVariables = ({ settings, ports }: Surroundings): NodeJS.ProcessEnv =>
  settings.sandbox
    ? { STRIPE_API_BASE: `http://127.0.0.1:${ports.SANDBOX_PORT}`, STRIPE_PUBLISHABLE_KEY: sandboxPublishableKey }
    : {};

const webhookVariables = (
  side: GroupedApp['webhooks'],
  { settings, ports, webhookSecrets: { platform, connect } }: Surroundings,
): NodeJS.ProcessEnv => {
  if (side === undefined) return {};
  if (side === 'taken') return { STRIPE_WEBHOOK_SECRET: platform, STRIPE_CONNECT_WEBHOOK_SECRET: connect };
  return {
    SANDBOX_WEBHOOK_URL: `${reachedAt(settings.inbound.webhooks, ports.WEBHOOK_PORT)}/webhooks/stripe`,
    SANDBOX_WEBHOOK_SECRET: platform,
    SANDBOX_CONNECT_WEBHOOK_SECRET: connect,
  };
};

/** Each app gets its own environment: its own role's DATABASE_URL, and Stripe's key, its webhooks' secrets and Kafka's only where they belong. */
export const appSpecs = (group: Group, surroundings: Surroundings): AppSpec[] => {
  const { settings, ports, roleUrl } = surroundings;
  const common: NodeJS.ProcessEnv = {
    // On a developer's terminal, what goes well is not worth a line for each request.
    ...(settings.environment === 'development' ? { LOG_LEVEL: 'warn' } : {}),
    ...settings.inherited,
    BILLING_ENV: settings.environment,
    BILLING_DATA_DIR: settings.dataDirectory,
    PORT: String(ports.PORT),
    WEBHOOK_PORT: String(ports.WEBHOOK_PORT),
    SANDBOX_PORT: String(ports.SANDBOX_PORT),
    ...(settings.inbound.api.servicePort === undefined ? {} : { SERVICE_PORT: String(ports.SERVICE_PORT) }),
  };
  const { metricsPort } = settings;
  return group.apps.map(({ name, entry, database, stripe, checkout, webhooks, keys, kafka, metrics }) => ({
    name,
    entry: entry.href,
    environment: {
      ...common,
      ...(database ? { DATABASE_URL: roleUrl(`billing_${name.replaceAll('-', '_')}`) } : {}),
      ...(stripe ? stripeVariables(surroundings) : {}),
      ...(checkout ? checkoutVariables(surroundings) : {}),
      ...webhookVariables(webhooks, surroundings),
      ...(kafka ? settings.kafkaVariables : {}),
      ...(keys ? settings.keyringVariables : {}),
      ...(metricsPort !== undefined && metrics !== undefined
        ? { METRICS_PORT: String(metricsPort && metricsPort + metrics) }
        : {}),
    },
  }));
};
