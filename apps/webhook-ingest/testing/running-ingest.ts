import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { KeyCacheLimits, SecretName } from '#keys';
import { LocalKeyManagement, PlatformKeys, PostgresPlatformKeyStore, PostgresProcessorSecrets } from '#keys';
import type { Configuration } from '#platform/configuration';
import { readConfiguration } from '#platform/configuration';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { ServeOptions } from '../serve.js';
import { serve } from '../serve.js';
import type { WebhookIngestParts } from '../webhook-ingest.parts.js';
import { openWebhookIngestParts } from '../webhook-ingest.parts.js';

export const secret = 'whsec_ofThePlatformsEndpoint';

export interface Reply {
  status: number;
  headers: Headers;
  json: Record<string, unknown>;
}

/** A row of webhook_events, as far as specs look at it. */
export interface EventRow {
  event_id: string;
  account: string | null;
  type: string;
  api_version: string | null;
  livemode: boolean;
  sealed: string;
  state: string;
  reason: string | null;
  created_at: Date;
  received_at: Date;
}

/** The real ingest on a database of its own, with its role and its first secret; the second half only where asked for. */
export interface RunningIngest {
  url: string;
  database: TestDatabase;
  configuration: Configuration;
  parts: WebhookIngestParts;
  /** Everything it logged. */
  logged(): string;
  /** POST of a body to an endpoint, with the header of a signature if there is one. */
  deliver(body: string | Buffer, header?: string, path?: string, url?: string): Promise<Reply>;
  /** Stores another secret, as an operator does. */
  rotate(next: string, options?: { account?: string; overlapMs?: number }): Promise<void>;
  rows(): Promise<EventRow[]>;
  metrics(): Promise<string>;
  close(): Promise<void>;
}

/** Stripe's scheme, written down a second time: HMAC-SHA256 of `t.body` in hexadecimal. */
export const v1 = (body: string | Buffer, t: number, key = secret): string =>
  createHmac('sha256', key).update(`${t}.`).update(body).digest('hex');

export const seconds = (at = Date.now()): number => Math.floor(at / 1_000);

/** The header that Stripe would send now. */
export const signed = (body: string | Buffer, { t = seconds(), key = secret } = {}): string =>
  `t=${t},v1=${v1(body, t, key)}`;

/** The body of a snapshot event, pretty-printed as Stripe's are. */
export const eventBody = (eventId: string, more: Record<string, unknown> = {}): string =>
  JSON.stringify(
    {
      id: eventId,
      object: 'event',
      api_version: '2026-10-28.endive',
      created: 1_795_000_000,
      data: { object: { id: 'pi_1', object: 'payment_intent', amount: 1_999, metadata: {} } },
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      type: 'payment_intent.succeeded',
      ...more,
    },
    null,
    2,
  );

export interface IngestOptions extends Partial<ServeOptions> {
  /** Adds to its settings. */
  environment?: NodeJS.ProcessEnv;
  /** The way to its database, by a proxy for instance. */
  route?: (databaseUrl: string) => string;
  now?: () => Date;
  keyCache?: KeyCacheLimits;
}

export const startIngest = async (options: IngestOptions = {}): Promise<RunningIngest> => {
  const { environment = {}, route = (url) => url, now, keyCache, ...serveOptions } = options;
  const database = await createTestDatabase();
  const directory = await mkdtemp(join(tmpdir(), 'billing-ingest-'));
  const lines: string[] = [];
  const configuration = readConfiguration({
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: directory,
    DATABASE_URL: route(database.url('billing_webhook_ingest')),
    LOG_LEVEL: 'trace',
    STRIPE_WEBHOOK_SECRET: secret,
    ...environment,
  });
  const parts = await openWebhookIngestParts(configuration, { write: (line) => lines.push(line), now, keyCache });
  const served = await serve(parts, { port: 0, applies: false, ...serveOptions });
  const { url } = served;
  return {
    url,
    database,
    configuration,
    parts,
    logged: () => lines.join(''),
    deliver: (body, header, path = '/webhooks/stripe', at = url) => deliver(at + path, body, header),
    rotate: async (next, { account = '', overlapMs = 60_000 } = {}) => {
      await rotate(database, join(configuration.dataDirectory, 'keyring.json'), { account, next, overlapMs });
    },
    rows: async () => {
      const { rows } = await database.admin.query<EventRow>('select * from billing.webhook_events order by event_id');
      return rows;
    },
    metrics: async () => (await fetch(`${url}/metrics`)).text(),
    close: async () => {
      await served.close();
      await database.drop();
      await rm(directory, { recursive: true });
    },
  };
};

const deliver = async (url: string, body: string | Buffer, header?: string): Promise<Reply> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(header !== undefined && { 'stripe-signature': header }),
    },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: JSON.parse(text) as Record<string, unknown> };
};

const rotate = async (
  database: TestDatabase,
  keyringPath: string,
  { account, next, overlapMs }: { account: string; next: string; overlapMs: number },
): Promise<void> => {
  const kms = await LocalKeyManagement.open({ path: keyringPath, environment: 'test' });
  const store = new PostgresPlatformKeyStore(database.admin);
  const keys = new PlatformKeys({ app: 'operator', environment: 'test', kms, store });
  const name: SecretName = { processor: 'stripe', account, environment: 'test', kind: 'webhook' };
  const now = new Date();
  await new PostgresProcessorSecrets(database.admin).rotate(
    name,
    (version) => keys.sealWebhookSecret({ ...name, version }, next),
    { now, overlapUntil: new Date(now.getTime() + overlapMs) },
  );
};
