import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifySignature } from '#processor/stripe/events';
import Stripe from 'stripe';
import type { StripeSandbox } from '#stripe-sandbox';
import { startStripeSandbox } from '#stripe-sandbox';
import type { Receiver } from '../../libs/stripe-sandbox/testing/receiver.js';
import { startReceiver } from '../../libs/stripe-sandbox/testing/receiver.js';
import type { Localstripe } from './localstripe.js';
import { howToInstall, localstripeInstalled, startLocalstripe } from './localstripe.js';
import type { Ways } from './payment-story.js';
import { tellPayments } from './payment-story.js';

const missing = `localstripe is not in the python3 on PATH; install it with: ${howToInstall}`;
const installed = await localstripeInstalled();
const skipped = !installed && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${missing}\n`);

const secret = 'whsec_of_both';
/** What both tell of. */
const types = ['customer.created', 'payment_intent.payment_failed', 'payment_intent.succeeded'];

const clientOf = (port: number): Stripe =>
  new Stripe('sk_test_123', { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0 });

const sandboxCards = {
  pays: 'pm_card_visa',
  authenticates: 'tok_authenticationRequired',
  declined: 'pm_card_chargeCustomerFail',
  not_kept: 'pm_card_chargeDeclined',
};

const waysOfSandbox = (stripe: Stripe, url: string): Ways => ({
  method: async (card) => {
    const token = sandboxCards[card];
    if (!token.startsWith('tok_')) return token;
    return (await stripe.paymentMethods.create({ type: 'card', card: { token } })).id;
  },
  authenticate: async ({ id }, passes) => {
    const body = JSON.stringify({ outcome: passes ? 'succeed' : 'fail' });
    await fetch(`${url}/sandbox/payment_intents/${id}/authenticate`, { method: 'POST', body });
  },
});

const peersCards = {
  pays: 'pm_card_visa',
  declined: 'pm_card_chargeCustomerFail',
  not_kept: 'pm_card_visa_chargeDeclined',
};

const waysOfPeer = (stripe: Stripe, url: string): Ways => ({
  method: async (card) => {
    if (card !== 'authenticates') return peersCards[card];
    const number = '4000002760003184';
    const details = { number, exp_month: 12, exp_year: 2040, cvc: '123' };
    return (await stripe.paymentMethods.create({ type: 'card', card: details })).id;
  },
  authenticate: async ({ id, client_secret }, passes) => {
    const body = new URLSearchParams({
      client_secret: client_secret ?? '',
      success: String(passes),
      key: 'pk_test_123',
    });
    await fetch(`${url}/v1/payment_intents/${id}/_authenticate`, { method: 'POST', body });
  },
});

(skipped ? describe.skip : describe)('the sandbox, beside localstripe', () => {
  let peer: Localstripe;
  let sandbox: StripeSandbox;
  let ours: Receiver;
  let theirs: Receiver;
  /** Of what has been started, the last one first. */
  const started: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    if (!installed) throw new Error(missing);
    const directory = await mkdtemp(join(tmpdir(), 'peer-sandbox-'));
    started.unshift({ close: () => rm(directory, { recursive: true }) });
    [ours, theirs] = [await startReceiver(), await startReceiver()];
    started.unshift(ours, theirs);
    sandbox = await startStripeSandbox({ directory, port: 0, webhooks: [{ url: ours.url, secret }] });
    started.unshift(sandbox);
    peer = await startLocalstripe();
    started.unshift(peer);
    const hook = new URLSearchParams({ url: theirs.url, secret });
    for (const type of types) hook.append('events[]', type);
    await fetch(`${peer.url}/_config/webhooks/specs`, { method: 'POST', body: hook });
  }, 30_000);
  afterAll(async () => {
    for (const each of started) await each.close();
  });

  it('is told the same story and says the same, webhooks and their signatures included', async () => {
    const told = clientOf(sandbox.port);
    const one = await tellPayments(told, waysOfSandbox(told, sandbox.url));
    const asked = clientOf(peer.port);
    const other = await tellPayments(asked, waysOfPeer(asked, peer.url));
    expect(one).toEqual(other);

    const wanted = (type: string): boolean => types.includes(type);
    const fromOurs = await ours.got(6, ({ json }) => wanted(json.type));
    const fromTheirs = await theirs.got(5);
    const typesOf = (received: typeof fromOurs): string[] => received.map(({ json }) => json.type).sort();
    // The peer says nothing of an authentication that failed; Stripe does.
    expect(typesOf(fromOurs)).toEqual([...typesOf(fromTheirs), 'payment_intent.payment_failed'].sort());
    for (const { text, headers } of [...fromOurs, ...fromTheirs]) {
      const header = headers['stripe-signature'];
      const body = Buffer.from(text);
      expect(verifySignature({ header, body, secrets: [secret], now: new Date() }).ok).toBe(true);
      expect(verifySignature({ header, body, secrets: ['whsec_other'], now: new Date() }).ok).toBe(false);
    }
  }, 30_000);
});
