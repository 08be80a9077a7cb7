import { createHmac, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readConfiguration } from '#platform/configuration';
import { subscribedTypes } from '#processor/stripe/events';
import { startStripeSandbox } from '#stripe-sandbox';

import type { RunningApi } from '../../apps/api/testing/running-api.js';
import { startApi } from '../../apps/api/testing/running-api.js';
import { start as startCommandWorker } from '../../apps/command-worker/main.js';
import { start as startGateway } from '../../apps/gateway/main.js';
import { start as startProjector } from '../../apps/projector/main.js';
import { start as startRelay } from '../../apps/relay/main.js';
import { serve } from '../../apps/webhook-ingest/serve.js';
import type { WebhookIngestParts } from '../../apps/webhook-ingest/webhook-ingest.parts.js';
import { openWebhookIngestParts } from '../../apps/webhook-ingest/webhook-ingest.parts.js';
import { freePorts } from '../kafka/ports.js';
import { createTopics } from '../kafka/suite.js';

export const stripeKey = `sk_test_${randomUUID().replaceAll('-', '')}`;
export const webhookSecret = `whsec_${randomUUID().replaceAll('-', '')}`;

/** Every app with its own role, on one database, a broker and a sandbox, in this process, so that all they say is heard. */
export interface Stack {
  api: RunningApi;
  webhooksUrl: string;
  sandbox: { url: string; directory: string };
  /** Of the topics. */
  prefix: string;
  /** Every delivery that was taken in and is still there, opened: its body and its signature. */
  inbox(): Promise<string[]>;
  /** Where each app tells its metrics. */
  metrics: string[];
  /** Everything that the apps have written to the standard streams. */
  said(): string;
  /** Says something all the same. */
  tell(line: string): void;
  close(): Promise<void>;
}

export const openStack = async (brokers: string[]): Promise<Stack> => {
  const ear = listen();
  const ends: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of ends.splice(0).reverse()) await end();
    ear.stop();
  };
  try {
    const created = await createTopics(brokers);
    const { prefix } = created;
    ends.push(() => created.drop());
    const api = await startApi({ settings: { LOG_LEVEL: 'trace' } });
    ends.push(() => api.close());
    const ports = await freePorts(4);
    const settings = (role: string, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
      BILLING_ENV: 'test',
      BILLING_DATA_DIR: api.dataDirectory,
      DATABASE_URL: api.database.url(`billing_${role}`),
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: prefix,
      LOG_LEVEL: 'trace',
      ...more,
    });
    const ingestParts = await openWebhookIngestParts(
      readConfiguration(settings('webhook_ingest', { STRIPE_WEBHOOK_SECRET: webhookSecret })),
    );
    const ingest = await serve(ingestParts, { port: 0 });
    ends.push(() => ingest.close());
    const directory = await mkdtemp(join(tmpdir(), 'billing-sandbox-'));
    ends.push(() => rm(directory, { recursive: true }));
    const endpoint = { url: `${ingest.url}/webhooks/stripe`, secret: webhookSecret, events: subscribedTypes };
    const sandbox = await startStripeSandbox({ directory, port: 0, settleDelay_ms: 0, webhooks: [endpoint] });
    ends.push(() => sandbox.close());
    const stripe = { STRIPE_API_BASE: sandbox.url, STRIPE_API_KEY: stripeKey };
    const background = [
      [startGateway, settings('gateway', stripe)],
      [startProjector, settings('projector')],
      [startRelay, settings('relay')],
      [startCommandWorker, settings('command_worker')],
    ] as const;
    await Promise.all(
      background.map(async ([start, environment], at) => {
        const app = await start({ ...environment, METRICS_PORT: String(ports[at]) });
        ends.push(() => app.close());
      }),
    );
    return {
      ...{ api, prefix, close, said: ear.said, tell: ear.tell },
      webhooksUrl: ingest.url,
      sandbox: { url: sandbox.url, directory },
      inbox: () => openedInbox(api, ingestParts),
      metrics: [api.url, ingest.url, ...ports.map((port) => `http://127.0.0.1:${port}`)],
    };
  } catch (error) {
    await close();
    throw error;
  }
};

const openedInbox = async ({ database }: RunningApi, { keys }: WebhookIngestParts): Promise<string[]> => {
  const { rows } = await database.admin.query<{ event_id: string; sealed: string }>(
    'select event_id, sealed from billing.webhook_events',
  );
  return Promise.all(
    rows.map(async ({ event_id: eventId, sealed }) => {
      const { body, signature } = await keys.openInbox({ processor: 'stripe', eventId }, sealed);
      return `${body.toString()}\n${signature}`;
    }),
  );
};

/** Hears what is written to the standard streams, and lets none of it through. */
const listen = (): Pick<Stack, 'said' | 'tell'> & { stop(): void } => {
  const lines: string[] = [];
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write.bind(stream));
  for (const stream of streams)
    stream.write = (chunk: string | Uint8Array) => {
      lines.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      return true;
    };
  return {
    said: () => lines.join(''),
    tell: (line) => void writes[1]?.(line),
    stop: () => {
      for (const [at, stream] of streams.entries()) stream.write = writes[at] as typeof stream.write;
    },
  };
};

/** Sends a body to the webhooks' endpoint as the processor would; `also` goes into the header of the signature. */
export const deliver = async (
  url: string,
  body: string,
  { path = '/webhooks/stripe', also = '', headers = {} }: { path?: string; also?: string; headers?: object } = {},
): Promise<number> => {
  const t = Math.floor(Date.now() / 1_000);
  const v1 = createHmac('sha256', webhookSecret).update(`${t}.${body}`).digest('hex');
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': `t=${t},v1=${v1}${also}`, ...headers },
    body,
  });
  await response.arrayBuffer();
  return response.status;
};
