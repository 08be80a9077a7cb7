import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEvent, verifySignature } from '#processor/stripe/events';
import Stripe from 'stripe';
import type { StripeSandbox } from '#stripe-sandbox';
import { startStripeSandbox } from '#stripe-sandbox';
import type { Receiver } from '../../libs/stripe-sandbox/testing/receiver.js';
import { eventually, startReceiver } from '../../libs/stripe-sandbox/testing/receiver.js';
import { tourAccounts, tourDisputes, tourPayments } from './sandbox-tour.js';

const secrets = ['whsec_platform', 'whsec_connect'];

/** Types that the service uses, and the sandbox makes on its tour. */
const used = [
  'account.updated',
  'charge.captured',
  'charge.dispute.closed',
  'charge.dispute.created',
  'charge.dispute.funds_reinstated',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.updated',
  'charge.refunded',
  'charge.updated',
  'customer.deleted',
  'payment_intent.amount_capturable_updated',
  'payment_intent.canceled',
  'payment_intent.payment_failed',
  'payment_intent.requires_action',
  'payment_intent.succeeded',
  'payment_method.attached',
  'payment_method.detached',
  'payout.canceled',
  'payout.created',
  'payout.failed',
  'payout.paid',
  'radar.early_fraud_warning.created',
  'refund.created',
  'refund.failed',
  'refund.updated',
  'review.closed',
  'review.opened',
  'setup_intent.succeeded',
];

describe('what the sandbox delivers', () => {
  let sandbox: StripeSandbox;
  let receiver: Receiver;
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'read-sandbox-'));
    receiver = await startReceiver();
    const webhooks = secrets.map((secret, index) => ({ url: receiver.url, secret, connect: index === 1 }));
    sandbox = await startStripeSandbox({ directory, port: 0, settleDelay_ms: 3_600_000, webhooks });
  });
  afterAll(async () => {
    await sandbox.close();
    await receiver.close();
    await rm(directory, { recursive: true });
  });

  it('is verified and read by the service, each type that it uses as news', async () => {
    const stripe = new Stripe('sk_test_123', { host: '127.0.0.1', port: sandbox.port, protocol: 'http' });
    const settle = async (): Promise<void> => {
      await fetch(`${sandbox.url}/sandbox/settle`, { method: 'POST' });
    };
    await tourPayments(stripe, settle);
    await tourDisputes(stripe, settle);
    await tourAccounts(stripe, settle);
    const listed = async (): Promise<{ waiting: number }> =>
      (await fetch(`${sandbox.url}/sandbox/webhooks?limit=1`)).json() as Promise<{ waiting: number }>;
    await eventually('everything is delivered', async () => (await listed()).waiting === 0);

    const news = new Set<string>();
    for (const { text, headers, json } of receiver.received) {
      const body = Buffer.from(text);
      const verified = verifySignature({ header: headers['stripe-signature'], body, secrets, now: new Date() });
      expect(verified).toMatchObject({ ok: true });
      const { head, reading } = readEvent(body);
      expect([head?.eventId, head?.type, head?.account]).toEqual([json.id, json.type, json.account]);
      expect([json.type, reading.kind === 'unreadable' ? reading.reason : 'readable']).toEqual([json.type, 'readable']);
      if (reading.kind === 'news') news.add(json.type);
    }
    expect(used.filter((type) => !news.has(type))).toEqual([]);
  }, 30_000);
});
