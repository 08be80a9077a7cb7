import { rm } from 'node:fs/promises';
import Stripe from 'stripe';
import type { StripeSandboxOptions } from '../index.js';
import type { Received, Receiver } from '../testing/receiver.js';
import { eventually, startReceiver } from '../testing/receiver.js';
import type { SpecSandbox } from '../testing/sandbox.js';
import { startSpecSandbox } from '../testing/sandbox.js';

const secret = 'whsec_of_the_specs';
let sandbox: SpecSandbox;
let stripe: Stripe;
let receiver: Receiver;

const start = async (options: Partial<StripeSandboxOptions> = {}): Promise<void> => {
  receiver = await startReceiver();
  sandbox = await startSpecSandbox({ webhooks: [{ url: receiver.url, secret }], ...options });
  stripe = new Stripe('sk_test_123', sandbox.client);
};
afterEach(async () => {
  await sandbox.discard();
  await receiver.close();
});

const signatureOf = ({ headers }: Received): string => String(headers['stripe-signature']);
const verified = (received: Received, under = secret): Stripe.Event =>
  stripe.webhooks.constructEvent(received.text, signatureOf(received), under);

interface Listed {
  id: number;
  event: string;
  state: string;
  attempts: number;
  error: string | null;
}
const deliveries = async (query = ''): Promise<Listed[]> =>
  (await sandbox.request('GET', `/sandbox/webhooks${query}`)).json.data as Listed[];
const settled = (): Promise<void> =>
  eventually('nothing waits', async () => (await sandbox.request('GET', '/sandbox/webhooks')).json.waiting === 0);
const names = (received: readonly Received[]): unknown[] => received.map(({ json }) => json.data.object.name);

describe('an event', () => {
  it('is delivered signed, as the API shows it', async () => {
    await start();
    const customer = await stripe.customers.create({ name: 'A' });
    const [delivered] = await receiver.got(1);
    if (!delivered) throw new Error('nothing came');
    const event = verified(delivered);
    expect(event).toMatchObject({
      type: 'customer.created',
      pending_webhooks: 1,
      data: { object: { id: customer.id } },
    });
    await settled();
    const { pending_webhooks, ...shown } = await stripe.events.retrieve(event.id);
    expect(pending_webhooks).toBe(0);
    expect(event).toEqual({ ...shown, lastResponse: undefined, pending_webhooks: 1 });
    expect(delivered.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(() => verified(delivered, 'whsec_another')).toThrow('No signatures found');
  });

  it('goes to the endpoints that want its type, and to no other', async () => {
    await start({ webhooks: [] });
    const make = (path: string, enabled_events: Stripe.WebhookEndpointCreateParams.EnabledEvent[]) =>
      stripe.webhookEndpoints.create({ url: `${receiver.url}/${path}`, enabled_events });
    const all = await make('all', ['*']);
    await make('customers', ['customer.created', 'customer.deleted']);
    const disabled = await make('disabled', ['*']);
    await stripe.webhookEndpoints.update(disabled.id, { disabled: true });
    const gone = await make('gone', ['*']);
    await stripe.webhookEndpoints.del(gone.id);
    await make('connected', ['*']).then(({ id }) => stripe.webhookEndpoints.del(id));
    await stripe.webhookEndpoints.create({ url: `${receiver.url}/connect`, enabled_events: ['*'], connect: true });

    const { id } = await stripe.customers.create({});
    await stripe.customers.update(id, { name: 'B' });
    await receiver.got(3);
    await settled();
    expect(receiver.received.map(({ path, json }) => `${path} ${json.type}`).sort()).toEqual([
      '/hook/all customer.created',
      '/hook/all customer.updated',
      '/hook/customers customer.created',
    ]);
    expect(all.secret).toMatch(/^whsec_/);
    expect(await stripe.webhookEndpoints.retrieve(all.id)).not.toHaveProperty('secret');
    expect((await stripe.webhookEndpoints.list()).data.map(({ status }) => status).sort()).toEqual([
      'disabled',
      'enabled',
      'enabled',
      'enabled',
    ]);
  });

  it('is sent again, the same bytes under a new signature, until it is taken', async () => {
    await start({ webhookRetryScale: 1e-6 });
    receiver.answer = (response, index) => {
      response.writeHead([500, 301, 404][index] ?? 204, index === 1 ? { location: '/elsewhere' } : {}).end();
    };
    await stripe.customers.create({});
    const attempts = await receiver.got(4);
    await settled();
    expect(new Set(attempts.map(({ text }) => text)).size).toBe(1);
    for (const attempt of attempts) verified(attempt);
    expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 4, http_status: 204, error: null }]);
  });

  it('waits five minutes after the first failure, and then longer', async () => {
    let now_ms = Date.UTC(2026, 10, 1);
    const stopped = { state: 'waiting' };
    await start({ clock: () => now_ms, webhookRetryScale: 1 });
    receiver.answer = (response) => response.writeHead(500).end();
    await stripe.customers.create({});
    const waits: number[] = [];
    for (let attempt = 1; attempt < 10; attempt++) {
      await eventually('it is noted', async () => (await deliveries())[0]?.attempts === attempt);
      const [row] = (await deliveries()) as (Listed & { due_ms: number })[];
      expect(row).toMatchObject(stopped);
      waits.push(((row?.due_ms ?? 0) - now_ms) / 60_000);
      now_ms = row?.due_ms ?? 0;
      await sandbox.tell('webhooks', { action: 'resume' });
    }
    await eventually('it is given up', async () => (await deliveries())[0]?.state === 'failed');
    expect(waits).toEqual([5, 30, 120, 300, 600, 720, 720, 720, 720]);
    expect(await deliveries()).toMatchObject([{ attempts: 10, error: 'http_500', due_ms: null }]);
    expect(receiver.received).toHaveLength(10);
  });

  it('counts as failed when the endpoint does not answer in time', async () => {
    let now_ms = Date.UTC(2026, 10, 1);
    await start({ webhookTimeout_ms: 1_000, webhookRetryScale: 1, clock: () => now_ms });
    receiver.answer = () => undefined;
    await stripe.customers.create({});
    await eventually('it is noted', async () => (await deliveries())[0]?.attempts === 1);
    expect(await deliveries()).toMatchObject([{ state: 'waiting', attempts: 1, error: 'timed_out' }]);
    receiver.answer = (response) => response.end();
    // However slow the machine: an answer that comes too late is one more attempt, and not the end.
    await eventually('it is taken', async () => {
      now_ms += 86_400_000;
      await sandbox.tell('webhooks', { action: 'resume' });
      return (await deliveries())[0]?.state === 'delivered';
    });
  });

  it('outlives the sandbox when its endpoint is away', async () => {
    const away = await startReceiver();
    await away.close();
    await start({ webhooks: [{ url: away.url, secret }], webhookRetryScale: 1e-4 });
    await stripe.customers.create({ name: 'kept' });
    await eventually('an attempt', async () => ((await deliveries())[0]?.attempts ?? 0) > 0);
    expect(await deliveries()).toMatchObject([{ error: 'ECONNREFUSED' }]);
    await sandbox.close();

    sandbox = await startSpecSandbox({ directory: sandbox.directory, webhooks: [{ url: receiver.url, secret }] });
    await receiver.got(1);
    expect(names(receiver.received)).toEqual(['kept']);
  });

  it('is delivered however many there are at once, each of them once', async () => {
    await start();
    const made = Array.from({ length: 200 }, (_, index) => stripe.customers.create({ name: String(index) }));
    await Promise.all(made);
    await receiver.got(200);
    await settled();
    expect(new Set(names(receiver.received)).size).toBe(200);
    expect(receiver.received).toHaveLength(200);
  });
});

describe('a fault of deliveries', () => {
  const customer = (name: string) => stripe.customers.create({ name });

  it('drop: is never sent, and stands in the list of events', async () => {
    await start();
    await sandbox.tell('webhooks', { fault: 'drop', match: { type: 'customer.*', times: 1 } });
    await customer('dropped');
    await customer('sent');
    await receiver.got(1);
    await settled();
    expect(names(receiver.received)).toEqual(['sent']);
    expect(await deliveries('?state=dropped')).toMatchObject([{ attempts: 0, error: 'dropped' }]);
    const undelivered = await stripe.events.list({ delivery_success: false });
    expect(undelivered.data.map(({ data }) => (data.object as Stripe.Customer).name)).toEqual(['dropped']);
  });

  it('duplicate: is sent several times at once', async () => {
    await start();
    await sandbox.tell('webhooks', { fault: 'duplicate', copies: 9 });
    await customer('many');
    await receiver.got(10);
    await settled();
    expect(receiver.received).toHaveLength(10);
    expect(new Set(receiver.received.map(({ json }) => json.id)).size).toBe(1);
  });

  it('reorder: comes the last one first', async () => {
    await start();
    await sandbox.tell('webhooks', { fault: 'reorder', match: { times: 3 }, delayMs: 60_000 });
    for (const name of ['1', '2', '3']) await customer(name);
    await receiver.got(3);
    expect(names(receiver.received)).toEqual(['3', '2', '1']);
  });

  it('reorder: what is held goes when nothing else comes', async () => {
    await start();
    await sandbox.tell('webhooks', { fault: 'reorder', match: { times: 3 }, delayMs: 100 });
    for (const name of ['1', '2']) await customer(name);
    await receiver.got(2);
    expect(names(receiver.received)).toEqual(['2', '1']);
  });

  it('delay: comes after what was made later', async () => {
    await start();
    await sandbox.tell('webhooks', { fault: 'delay', delayMs: 200 });
    await customer('late');
    await customer('early');
    await receiver.got(2);
    expect(names(receiver.received)).toEqual(['early', 'late']);
  });

  it('shift_timestamp: is signed for another time', async () => {
    await start();
    await sandbox.tell('webhooks', { fault: 'shift_timestamp', seconds: -301 });
    await customer('old');
    const [old] = await receiver.got(1);
    if (!old) throw new Error('nothing came');
    expect(() => verified(old)).toThrow('Timestamp outside the tolerance zone');
    expect(stripe.webhooks.constructEvent(old.text, signatureOf(old), secret, 400).type).toBe('customer.created');
  });

  it('tamper: is not what was signed', async () => {
    await start();
    await sandbox.tell('webhooks', { fault: 'tamper' });
    await customer('changed');
    const [changed] = await receiver.got(1);
    if (!changed) throw new Error('nothing came');
    expect(() => verified(changed)).toThrow('No signatures found');
  });

  it('lose_answer: is sent again although it was taken', async () => {
    await start({ webhookRetryScale: 1e-6 });
    await sandbox.tell('webhooks', { fault: 'lose_answer' });
    await customer('twice');
    await receiver.got(2);
    await settled();
    expect(await deliveries()).toMatchObject([{ state: 'delivered', attempts: 2 }]);
  });

  it('that the sandbox does not know is refused by name', async () => {
    await start();
    for (const [wrong, param] of [
      [{ fault: 'lost' }, 'fault'],
      [{ fault: 'drop', match: { times: 0 } }, 'match.times'],
      [{ fault: 'drop', match: { kind: 'x' } }, 'match.kind'],
      [{ fault: 'reorder', match: { times: 1 } }, 'match.times'],
      [{ fault: 'duplicate', copies: 101 }, 'copies'],
      [{ action: 'stop' }, 'action'],
      [{ action: 'resend', event: 'evt_none' }, 'event'],
      [[], 'body'],
    ] as const) {
      const { status, json } = await sandbox.request('POST', '/sandbox/webhooks', JSON.stringify(wrong));
      expect([status, json.error?.param]).toEqual([400, param]);
    }
  });
});

describe('deliveries', () => {
  it('wait while they are paused, and go on afterwards', async () => {
    await start();
    await sandbox.tell('webhooks', { action: 'pause' });
    await stripe.customers.create({ name: 'held' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(receiver.received).toEqual([]);
    expect((await sandbox.request('GET', '/sandbox/webhooks')).json).toMatchObject({ paused: true, waiting: 1 });
    await sandbox.tell('webhooks', { action: 'resume' });
    await receiver.got(1);
  });

  it('are made again for an event that is sent again', async () => {
    await start();
    await stripe.customers.create({});
    const [first] = await receiver.got(1);
    await settled();
    expect(await sandbox.tell('webhooks', { action: 'resend', event: first?.json.id })).toEqual({ resent: 1 });
    const [, second] = await receiver.got(2);
    expect(second?.text).toBe(first?.text);
    expect(await deliveries(`?event=${String(first?.json.id)}`)).toHaveLength(2);
  });

  it('do not wait for their time when they are told to go', async () => {
    await start({ webhookRetryScale: 1 });
    receiver.answer = (response, index) => response.writeHead(index === 0 ? 503 : 200).end();
    await stripe.customers.create({});
    await eventually('an attempt', async () => (await deliveries())[0]?.attempts === 1);
    expect(await sandbox.tell('webhooks', { action: 'retry' })).toEqual({ waiting: 1 });
    await receiver.got(2);
  });

  it('are signed under both secrets while one takes the place of the other', async () => {
    await start();
    const { data } = await stripe.webhookEndpoints.list();
    const rolled = await sandbox.tell('webhooks', { action: 'roll_secret', endpoint: data[0]?.id, overlapMs: 60_000 });
    await stripe.customers.create({});
    const [both] = await receiver.got(1);
    if (!both) throw new Error('nothing came');
    expect([verified(both).id, verified(both, String(rolled.secret)).id]).toEqual([both.json.id, both.json.id]);
    await sandbox.tell('webhooks', {
      action: 'roll_secret',
      endpoint: data[0]?.id,
      overlapMs: 0,
      secret: 'whsec_third',
    });
    await stripe.customers.create({});
    const [, third] = await receiver.got(2);
    if (!third) throw new Error('nothing came');
    expect(verified(third, 'whsec_third').id).toBe(third.json.id);
    expect(verified(third).id).toBe(third.json.id);
  });

  it('are listed in pages', async () => {
    await start();
    for (let n = 0; n < 3; n++) await stripe.customers.create({});
    await receiver.got(3);
    const { json } = await sandbox.request('GET', '/sandbox/webhooks?limit=2');
    const first = json.data as Listed[];
    expect([first.length, json.has_more]).toEqual([2, true]);
    expect(await deliveries(`?starting_after=${String(first[1]?.id)}`)).toHaveLength(1);
    expect((await sandbox.request('GET', '/sandbox/webhooks?limit=0')).status).toBe(400);
  });
});

describe('an endpoint of the options', () => {
  it('is what the options say, and nothing is left of what they said before', async () => {
    await start({ webhooks: [{ url: 'http://127.0.0.1:1/old', secret: 'whsec_old' }] });
    const { data: before } = await stripe.webhookEndpoints.list();
    await sandbox.close();
    const webhooks = [
      { url: receiver.url, secret },
      { url: `${receiver.url}/connect`, secret, connect: true },
    ];
    sandbox = await startSpecSandbox({ directory: sandbox.directory, webhooks });
    stripe = new Stripe('sk_test_123', sandbox.client);
    const { data } = await stripe.webhookEndpoints.list();
    expect(data.map(({ url }) => url)).toEqual([`${receiver.url}/connect`, receiver.url]);
    expect(data[1]?.id).toBe(before[0]?.id);
    await sandbox.close();
    sandbox = await startSpecSandbox({ directory: sandbox.directory });
    stripe = new Stripe('sk_test_123', sandbox.client);
    expect((await stripe.webhookEndpoints.list()).data).toEqual([]);
    await rm(sandbox.directory, { recursive: true, force: true });
  });

  it('made by the API must be a URL, and of types that can be', async () => {
    await start();
    const make = (params: object) =>
      stripe.webhookEndpoints.create(params as Stripe.WebhookEndpointCreateParams).catch((error: unknown) => error);
    expect(await make({ url: 'ftp://x', enabled_events: ['*'] })).toMatchObject({ param: 'url' });
    expect(await make({ url: receiver.url, enabled_events: ['a b'] })).toMatchObject({ param: 'enabled_events[0]' });
    expect(await make({ url: receiver.url, enabled_events: ['*'], api_version: '2020-08-27' })).toMatchObject({
      param: 'api_version',
    });
  });
});
