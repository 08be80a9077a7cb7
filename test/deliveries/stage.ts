import { createHmac } from 'node:crypto';

import type { Subscription } from '#log';
import { createMetrics } from '#platform/metrics';
import { readConfiguration } from '#platform/configuration';

import { serve } from '../../apps/webhook-ingest/serve.js';
import { openWebhookIngestParts } from '../../apps/webhook-ingest/webhook-ingest.parts.js';
import { until } from '../../apps/gateway/testing/clock.js';
import { Workbench } from '../../apps/gateway/testing/workbench.js';
import { project } from '../../apps/projector/project.js';
import { PostgresLog } from '../../libs/log/index.js';
import { Player } from './player.js';

const platformSecret = 'whsec_ofTheDeliveries';
const connectSecret = 'whsec_ofTheConnectedAccounts';

/** An event as the processor would send it. */
export interface Delivery {
  id: string;
  type: string;
  /** The connected account it happened on, if any. */
  account?: string;
  body: string;
}

/** Both sides at once: a gateway, a projector and the real ingest over HTTP, and a sandbox that sends nothing by itself. */
export interface Stage {
  bench: Workbench;
  /** Somebody who plays a story as a tenant of their own. */
  player(): Promise<Player>;
  /** Sends an event, signed; rejects unless it was taken in. */
  deliver(delivery: Delivery): Promise<void>;
  /** Resolves once nothing is under way any more on our side for a tenant. */
  quiet(player: Player): Promise<void>;
  close(): Promise<void>;
}

export const openStage = async (): Promise<Stage> => {
  const bench = await Workbench.open();
  const { intake } = await bench.gateway({ timeoutMs: 5_000 });
  const projectorLog = new PostgresLog(
    bench.database.pool('billing_projector'),
    bench.database.url('billing_projector'),
    {
      warn: () => undefined,
    },
  );
  await project({ log: projectorLog, metrics: createMetrics('projector') });
  const configuration = readConfiguration({
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: bench.directory,
    DATABASE_URL: bench.database.url('billing_webhook_ingest'),
    LOG_LEVEL: 'silent',
    STRIPE_WEBHOOK_SECRET: platformSecret,
    STRIPE_CONNECT_WEBHOOK_SECRET: connectSecret,
  });
  const ingest = await serve(await openWebhookIngestParts(configuration), { port: 0 });
  return {
    bench,
    player: () => Player.join(bench),
    deliver: (delivery) => deliver(ingest.url, delivery),
    quiet: (player) => untilQuiet(bench, intake, player),
    close: async () => {
      await ingest.close();
      await projectorLog.close();
      await bench.close();
    },
  };
};

const deliver = async (url: string, { account, body }: Delivery): Promise<void> => {
  const t = Math.floor(Date.now() / 1_000);
  const secret = account === undefined ? platformSecret : connectSecret;
  const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
  const path = account === undefined ? '/webhooks/stripe' : `/webhooks/stripe/connect`;
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': `t=${t},v1=${v1}` },
    body,
  });
  if (response.status !== 200) throw new Error(`a delivery was answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
};

const waitingSql = `select count(*) from billing.webhook_events where state in ('received', 'waiting')`;
const callsSql = 'select count(*) from billing.processor_call where tenant_id = $1';

/** What is applied may ask the gateway for a look, whose facts end it: first nothing waits, then nothing is asked, then nothing is called. */
const untilQuiet = async (bench: Workbench, intake: Subscription, { tenantId }: Player): Promise<void> => {
  const none = async (sql: string, values: string[] = []): Promise<boolean> => {
    const { rows } = await bench.database.admin.query<{ count: string }>(sql, values);
    return rows[0]?.count === '0';
  };
  await until(() => none(waitingSql), 60_000);
  await intake.whenCaughtUp();
  await until(() => none(callsSql, [tenantId]), 60_000);
};
