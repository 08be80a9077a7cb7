import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import Stripe from 'stripe';

import { callOver } from '../../apps/api/testing/call.js';
import type { Call, Reply } from '../../apps/api/testing/call.js';
import { DemoClient } from '../../apps/cli/demo/client.js';
import { playStory } from '../../apps/cli/demo/story.js';
import { completed, inFours } from '../../libs/platform/logging/testing/card-numbers.js';
import type { Standalone } from '../standalone/index.js';
import { startStandalone } from '../standalone/index.js';
import { bodies, forms } from './forms.js';

/** A number that only this run knows: whoever has it, has it from here. */
export const newCardNumber = (): string => completed(`4${String(randomInt(10 ** 13, 10 ** 14))}`);

/** A standalone on a system that lets every process leave a core file, started as `npm start` does. */
export const startAsScripts = (): Promise<Standalone> => {
  const launch = (name: string): string => pathToFileURL(join(process.cwd(), 'tools/launch', name)).href;
  const launcher = `
    import { nodeArguments } from '${launch('project.mjs')}';
    import { runProgram } from '${launch('run.mjs')}';
    process.exit(await runProgram([...nodeArguments, ...process.argv.slice(2)]));`;
  const withCoreFiles = 'ulimit -S -c "$(ulimit -H -c)"; exec "$0" "$@"';
  const through = ['/bin/sh', '-c', withCoreFiles, process.execPath, '--input-type=module', '-e', launcher];
  return startStandalone({ KAFKA_BROKERS: '', LOG_LEVEL: 'trace', RATE_LIMIT_CHECKOUT: '0' }, through);
};

/** A person whom nobody else is. */
export const newPerson = () => {
  const [one, two, three] = Array.from({ length: 3 }, () => randomUUID().slice(0, 8));
  return {
    email: `zerlina.${one}@canary.example`,
    name: `Zerlina Quackenbush-${two}`,
    address: { line1: `17 Canary Row ${three}`, city: 'Zyzzyx', postalCode: '92309', country: 'US' },
  };
};

/** Everybody who talks to a standalone: its tenant, a payer's browser on the page and in the processor's frame, and the processor. */
export class Visitors {
  private constructor(
    private readonly standalone: Standalone,
    readonly token: string,
    private readonly webhookSecret: string,
    private readonly merchant: Call,
  ) {}

  static async of(standalone: Standalone, webhookSecret: string): Promise<Visitors> {
    const token = await standalone.token({ mfa: true });
    const merchant = callOver(standalone.url, { authorization: `Bearer ${token}`, prefer: 'wait=10' });
    return new Visitors(standalone, token, webhookSecret, merchant);
  }

  /** What `npm run demo` does. */
  demo(): Promise<void> {
    const { url, dataDirectory } = this.standalone;
    return playStory(new DemoClient(url, this.token), this.token, dataDirectory, () => undefined);
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return this.merchant('POST', path, { body, headers: { 'idempotency-key': randomUUID(), ...headers } });
  }

  /** The number in one place of a request after the other, wherever something of ours reads. */
  async plantInApi(numbers: readonly string[]): Promise<Reply[]> {
    const ways = Object.values(forms);
    const wholes = Object.values(bodies);
    const inPlaces: ((text: string, number: string, at: number) => Promise<Reply>)[] = [
      (text) => this.post('/v1/customers', { email: text }),
      (text) => this.post('/v1/customers', newPerson(), { 'idempotency-key': text }),
      (text) => this.merchant('GET', `/v1/payments?orderId=${encodeURIComponent(text)}`),
      (text) => this.merchant('GET', `/v1/payments/${encodeURIComponent(text)}`),
      (_text, number, at) =>
        this.post('/v1/payments', wholes[at % wholes.length]?.(number, { amount: 100, currency: 'usd' })),
      (text) => this.merchant('GET', '/v1/customers', { headers: { 'billing-reason': text } }),
    ];
    return Promise.all(
      numbers.flatMap((number, at) =>
        [at, at + 1].map((nth) =>
          inPlaces[nth % inPlaces.length]?.(ways[nth % ways.length]?.(number) ?? '', number, nth),
        ),
      ) as Promise<Reply>[],
    );
  }

  /** The number in headers that nobody here reads, and in a token. */
  async plantInOtherHeaders(numbers: readonly string[]): Promise<Reply[]> {
    return Promise.all(
      numbers.map((number) => {
        const headers = { 'user-agent': number, cookie: `card=${inFours(number, '-')}`, referer: inFours(number) };
        return this.merchant('GET', '/v1/balances', { headers: { ...headers, authorization: `Bearer ${number}` } });
      }),
    );
  }

  /** The statuses of webhooks of the processor with the number in their free texts, then of some that nobody signed. */
  async plantInWebhooks(numbers: readonly string[]): Promise<number[][]> {
    const ways = Object.values(forms);
    const events = numbers.map((number, at) => {
      const text = ways[at % ways.length]?.(number);
      const object = { id: 'pi_planted', object: 'payment_intent', amount: 1_999, description: text };
      return JSON.stringify({
        ...{ id: `evt_${randomUUID().replaceAll('-', '')}`, object: 'event', api_version: '2026-10-28.endive' },
        ...{ created: Math.floor(Date.now() / 1_000), livemode: false, pending_webhooks: 1 },
        ...{ request: { id: null, idempotency_key: null }, type: 'payment_intent.succeeded' },
        data: { object: { ...object, metadata: { [`note ${text}`]: inFours(number) } } },
      });
    });
    const { webhooks } = new Stripe('sk_test_signs');
    const signed = (payload: string, secret: string) => webhooks.generateTestHeaderString({ payload, secret });
    return Promise.all(
      [this.webhookSecret, 'whsec_of_nobody'].map((secret) =>
        Promise.all(events.map((event) => this.#deliver(event, signed(event, secret)))),
      ),
    );
  }

  async #deliver(body: string, signature: string): Promise<number> {
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
    const response = await fetch(`${this.standalone.webhookUrl}/webhooks/stripe`, { method: 'POST', headers, body });
    await response.arrayBuffer();
    return response.status;
  }

  /** A card as a payer types it into the frame of the processor. */
  async type(number: string): Promise<Reply> {
    const origin = this.standalone.sandboxUrl;
    const body = new URLSearchParams({
      'payment_method_data[type]': 'card',
      'payment_method_data[card][number]': number,
      'payment_method_data[card][exp_month]': '12',
      'payment_method_data[card][exp_year]': '40',
      'payment_method_data[card][cvc]': '424',
    }).toString();
    const headers = {
      origin,
      authorization: 'Bearer pk_test_sandbox',
      'content-type': 'application/x-www-form-urlencoded',
    };
    return callOver(origin, headers)('POST', '/v1/confirmation_tokens', { body });
  }

  /** Pays on a checkout page with what the frame has made of the number. Gives the page's secret, the token, and how it went. */
  async pay(customerId: string, number: string): Promise<{ secret: string; token: string; status: unknown }> {
    const terms = { mode: 'payment', customerId, amount: 1_999, currency: 'usd' };
    const [session, typed] = await Promise.all([this.post('/v1/checkout-sessions', terms), this.type(number)]);
    const secret = String(session.json.url).split('/').at(-1) ?? '';
    const token = String(typed.json.id);
    const browser = callOver(this.standalone.url, { origin: this.standalone.url });
    const paid = await browser('POST', `/checkout/${secret}/confirm`, { body: { confirmationToken: token } });
    return { secret, token, status: paid.json.status };
  }

  /** Ids of payment methods and client secrets as the processor has them. */
  async tokensAtProcessor(): Promise<string[]> {
    const atProcessor = callOver(this.standalone.sandboxUrl, { authorization: 'Bearer sk_test_sandbox' });
    const lists = await Promise.all(
      ['payment_methods', 'payment_intents'].map((name) => atProcessor('GET', `/v1/${name}?limit=100`)),
    );
    return lists.flatMap(({ json }) =>
      (json.data as { id: string; client_secret?: string }[]).map(({ id, client_secret: secret }) => secret ?? id),
    );
  }
}
