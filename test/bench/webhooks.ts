import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { TestDatabase } from '../database/index.js';
import type { Measured, Row } from './report.js';
import { rowOf } from './report.js';
import type { Target } from './webhooks/load.js';
import { measured, newEvent, signatureOf } from './webhooks/load.js';

const secret = 'whsec_ofTheBenchmark';

const now = (): number => Math.floor(Date.now() / 1_000);

/** Every event comes once. */
const news = (): ReturnType<Target['next']> => {
  const body = newEvent();
  return { headers: { 'stripe-signature': signatureOf(body, secret, now()) }, body };
};

/** Every event comes twice in a row, signed again, as when Stripe has not seen our answer. */
const twice = (): Target['next'] => {
  let last: string | undefined;
  return () => {
    const body = last ?? newEvent();
    const t = last === undefined ? now() - 1 : now();
    last = last === undefined ? body : undefined;
    return { headers: { 'stripe-signature': signatureOf(body, secret, t) }, body };
  };
};

/** Verified, deduplicated and durable deliveries against bare Fastify with one INSERT of the same body, on the same Postgres. */
export const webhooksBench = async (database: TestDatabase): Promise<Row[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'billing-bench-ingest-'));
  const settings = {
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: directory,
    DATABASE_URL: database.url('billing_webhook_ingest'),
    STRIPE_WEBHOOK_SECRET: secret,
    LOG_LEVEL: 'warn',
  };
  const ours = (next: Target['next'], connections: number): Promise<Measured> =>
    on('./webhooks/ingest-server.js', settings, (url) =>
      measured({ url: `${url}/webhooks/stripe`, next }, connections),
    );
  const bare = (connections: number): Promise<Measured> =>
    on('./reference-server.js', { DATABASE_URL: database.adminUrl }, (url) =>
      measured({ url: `${url}/charges`, next: () => ({ headers: {}, body: newEvent() }) }, connections),
    );
  try {
    const reference = await bare(64);
    return [
      rowOf('webhooks, new events, 64 connections', await ours(news, 64), reference),
      rowOf('webhooks, each event twice, 64 connections', await ours(twice(), 64), reference),
      rowOf('webhooks, new events, 8 connections', await ours(news, 8), await bare(8)),
    ];
  } finally {
    await rm(directory, { recursive: true });
  }
};

/** Runs `work` on a server that is a process of its own. */
const on = async (
  script: string,
  environment: NodeJS.ProcessEnv,
  work: (url: string) => Promise<Measured>,
): Promise<Measured> => {
  const child = fork(fileURLToPath(new URL(script, import.meta.url)), { env: { ...process.env, ...environment } });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  try {
    return await work(url);
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
};
