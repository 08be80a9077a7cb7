import { randomUUID } from 'node:crypto';

import { topics } from '#contracts';
import type { Producer } from 'kafkajs';

import { callOver } from '../../apps/api/testing/call.js';
import type { Document } from '../../apps/api/testing/document.js';
import type { TestTenant } from '../../apps/api/testing/running-api.js';
import { newSigner } from '../../apps/command-worker/testing/running-worker.js';
import type { Signer, Wanted } from '../../apps/command-worker/testing/signed-record.js';
import { signedRecord } from '../../apps/command-worker/testing/signed-record.js';
import { TopicReader } from '../../apps/command-worker/testing/topic-reader.js';
import { until } from '../../apps/gateway/testing/clock.js';
import { inFours, stripeTestCards } from '../../libs/platform/logging/testing/card-numbers.js';
import { commandActions } from '../attacks/command-attacks.js';
import { Forge } from '../attacks/forge.js';
import { everything } from '../attacks/http-attacks.js';
import { spread } from '../attacks/tally.js';
import { describeWithKafka, testKafka } from '../kafka/suite.js';
import { bodies, forms, numbers } from './forms.js';
import { plantedIn } from './inputs.js';
import type { Found } from './search.js';
import { filesIn, metricsAt, tablesOf, topicsOf, whereAre } from './search.js';
import type { Stack } from './stack.js';
import { deliver, openStack, stripeKey, webhookSecret } from './stack.js';

/** Requests that are under way at once. */
const width = 16;

/** A person whom nobody else is, as a customer of ours. */
const person = {
  email: `zerlina.${randomUUID().slice(0, 8)}@canary.example`,
  name: `Zerlina Quackenbush-${randomUUID().slice(0, 8)}`,
  address: { line1: `17 Canary Row ${randomUUID().slice(0, 8)}`, city: 'Zyzzyx', postalCode: '92309', country: 'US' },
};
const mandate = { type: 'card', processorToken: 'pm_card_mastercard' };

describeWithKafka('after a card number was sent in every form to every input', (brokers) => {
  const next = numbers();
  const tried = { http: 0, kafka: 0, webhooks: 0 };
  let stack: Stack;
  let owner: TestTenant;
  let forge: Forge;
  let shop: Signer;
  let results: TopicReader;
  let producer: Producer;
  let found: Found;
  /** What only its owner and the processor may see in clear. */
  const ofOthers = [stripeKey, webhookSecret, person.email, person.name, person.address.line1, mandate.processorToken];

  beforeAll(async () => {
    stack = await openStack(brokers);
    forge = await Forge.open(stack.api.dataDirectory);
    owner = await stack.api.tenant();
    shop = await newSigner(stack.api.database, 'shop');
    const kafka = testKafka(brokers);
    producer = kafka.producer({ idempotent: false, allowAutoTopicCreation: false });
    [results] = await Promise.all([TopicReader.open(kafka, `${stack.prefix}${topics.results}`), producer.connect()]);
    await aCharge();
  }, 40_000);
  afterAll(async () => {
    await Promise.all([results?.close(), producer?.disconnect()]);
    await stack?.close();
  }, 30_000);

  /** A customer's way through all apps: what they tell us of themselves, their card at the processor, and their money there and back. */
  const aCharge = async (): Promise<void> => {
    const waits = { prefer: 'wait=10' };
    const customer = await owner.post('/v1/customers', person, waits);
    const customerId = customer.json.id as string;
    const method = await owner.post(`/v1/customers/${customerId}/payment-methods`, mandate, waits);
    const body = { amount: 4_242, currency: 'usd', customerId, paymentMethodId: method.json.id };
    const payment = await owner.post('/v1/payments', body, waits);
    const refund = await owner.post(`/v1/payments/${String(payment.json.id)}/refunds`, { amount: 42 }, waits);
    expect([customer.status, method.status, payment.json.status, refund.status]).toEqual([201, 201, 'succeeded', 201]);
    ofOthers.push(owner.token);
    const authorization = { authorization: `Bearer ${stripeKey}` };
    for (const path of ['payment_methods?limit=100', 'payment_intents?limit=100']) {
      const reply = await fetch(`${stack.sandbox.url}/v1/${path}`, { headers: authorization });
      const { data } = (await reply.json()) as { data: { id: string; client_secret?: string }[] };
      ofOthers.push(...data.map(({ id, client_secret: secret }) => secret ?? id));
    }
  };

  it('each route has refused it wherever something is read, and has answered well elsewhere', async () => {
    const { json } = await callOver(stack.api.url, {})('GET', '/openapi.json');
    const requests = plantedIn(json as unknown as Document, next);
    const written = new Set(requests.map(({ written }) => written));
    for (const form of Object.keys(forms))
      for (const number of stripeTestCards) expect(written).toContain(`${form} ${number}`);
    const tokens = new Map<string, string>();
    for (const { action } of requests)
      if (!tokens.has(action.name))
        tokens.set(action.name, await forge.sign({ ...everything(action, owner.id), sub: action.name }));
    const faults: unknown[] = [];
    await spread(requests, width, async ({ action, name, method, path, headers, body, isRead }) => {
      const call = callOver(stack.api.url, { authorization: `Bearer ${tokens.get(action.name)}`, prefer: 'wait=0' });
      const reply = await call(method, path, { headers, ...(body !== undefined && { body }) });
      tried.http += 1;
      const isRefused = reply.status === 422 && reply.json.code === 'raw_card_data';
      const leaks = whereAre(stripeTestCards, { [name]: reply.text });
      if ((isRead && !isRefused) || reply.status >= 500 || leaks.length > 0)
        faults.push([name, reply.status, reply.text.slice(0, 200), leaks]);
    });
    expect(faults).toEqual([]);
  }, 60_000);

  it('each command on Kafka was rejected or set aside where it is read, and carried out where it is not', async () => {
    const commands = commandActions.flatMap(({ command, name }) => {
      const wanted = (more: Partial<Wanted>): Wanted => ({
        ...{ type: String(command), tenantId: owner.id, body: {}, messageId: `${name}-${randomUUID()}` },
        ...more,
      });
      const inHeaders = [
        'ce_id',
        'ce_source',
        'ce_type',
        'ce_subject',
        'ce_time',
        'ce_tenantid',
        'traceparent',
        'baggage',
        'x-card',
      ];
      return [
        ...Object.values(forms).map((write) => wanted({ body: { field: write(next()) } })),
        ...Object.values(bodies).map((write) => {
          const body = write(next(), { other: 1 });
          return wanted({ body: typeof body === 'string' ? Buffer.from(body) : body });
        }),
        ...inHeaders.map((header) => wanted({ headers: { [header]: inFours(next(), '-') } })),
        ...Object.values(forms).map((write) => wanted({ messageId: write(next()) })),
        wanted({ key: next() }),
        wanted({ subject: next() }),
      ];
    });
    const messages = await Promise.all(commands.map((wanted) => signedRecord(shop, wanted)));
    tried.kafka = messages.length;
    const last = await signedRecord(shop, { tenantId: owner.id, body: { email: `last.${person.email}` } });
    // All but what has another key are in the partition of their tenant, and are taken in their order.
    await producer.send({ topic: `${stack.prefix}${topics.commands}`, acks: -1, messages: [...messages, last] });
    const [{ json } = { json: {} }] = await results.find(({ json: { messageId } }) => messageId === last.messageId);
    expect(json).toMatchObject({ outcome: 'accepted' });
    const { rows } = await stack.api.database.admin.query<{ letters: number }>(
      `select count(*)::int as letters from billing.command_dead_letter where reason = 'raw_card_data'`,
    );
    expect(rows[0]?.letters).toBeGreaterThan(commandActions.length * Object.keys(bodies).length);
  }, 60_000);

  it('each webhook was taken in without it, or refused', async () => {
    const event = (more: object, object: object = {}) =>
      JSON.stringify({
        ...{ id: `evt_${randomUUID().replaceAll('-', '')}`, object: 'event', api_version: '2026-10-28.endive' },
        ...{ created: Math.floor(Date.now() / 1_000), livemode: false, pending_webhooks: 1 },
        ...{ request: { id: null, idempotency_key: null }, type: 'payment_intent.succeeded' },
        data: { object: { id: 'pi_planted', object: 'payment_intent', amount: 1_999, metadata: {}, ...object } },
        ...more,
      });
    const inTexts = Object.values(forms).flatMap((write) => [
      event({}, { description: write(next()) }),
      event({}, { metadata: { note: write(next()), [write(next())]: 'name' } }),
    ]);
    const inBodies = Object.values(bodies).flatMap((write) => {
      const planted = write(next(), { other: 1 });
      const object = typeof planted === 'string' ? planted : JSON.stringify(planted);
      return [event({ data: { object: '#' } }).replace('"#"', () => object)];
    });
    const statuses: number[] = [];
    for (const body of [...inTexts, ...inBodies]) statuses.push(await deliver(stack.webhooksUrl, body));
    expect(statuses.filter((status) => status !== 200)).toEqual([400]); // what is no JSON
    const refused = [
      await deliver(stack.webhooksUrl, event({ id: `evt_${next()}` })),
      await deliver(stack.webhooksUrl, event({ type: `payment_intent.${next()}` })),
      await deliver(stack.webhooksUrl, event({}), { path: `/webhooks/stripe/acct_${next()}` }),
    ];
    const elsewhere = [
      await deliver(stack.webhooksUrl, event({}), { also: `,v0=${next()}` }),
      await deliver(stack.webhooksUrl, event({}), { path: `/webhooks/stripe?card=${next()}` }),
      await deliver(stack.webhooksUrl, event({}), { headers: { 'user-agent': next(), 'x-card': inFours(next()) } }),
    ];
    tried.webhooks = statuses.length + refused.length + elsewhere.length;
    expect([refused, elsewhere]).toEqual([
      [422, 422, 400],
      [200, 200, 200],
    ]);
    const opened = await stack.inbox();
    expect(opened.length).toBeGreaterThan(statuses.length);
    expect(whereAre(stripeTestCards, { inbox: opened.join('\n') })).toEqual([]);
  });

  it('no number is in a log, a table, a topic, a metric, or a file of ours or of the sandbox', async () => {
    await until(async () => {
      const { rows } = await stack.api.database.admin.query<{ count: string }>(
        `select (select count(*) from billing.processor_call) + (select count(*) from billing.webhook_events where state = 'received') as count`,
      );
      return rows[0]?.count === '0';
    }, 20_000);
    const { database, dataDirectory } = stack.api;
    found = {
      ...(await tablesOf(database.admin)),
      ...(await topicsOf(brokers, stack.prefix)),
      ...(await filesIn(dataDirectory)),
      ...(await filesIn(stack.sandbox.directory)),
      ...(await metricsAt(stack.metrics)),
      'what was logged': stack.said(),
    };
    // A producer's own record is as the producer wrote it, for the worker alone, until the broker forgets it.
    Reflect.deleteProperty(found, `topic ${topics.commands}`);
    expect(whereAre(stripeTestCards, found)).toEqual([]);
    // The search would find one, and has looked where something is.
    const [inDatabase = ''] = await owner
      .post('/v1/customers', { email: `search@${person.email.split('@')[1]}` })
      .then(({ json }) => [String(json.id)]);
    expect(whereAre([inDatabase], await tablesOf(database.admin)).length).toBeGreaterThan(2);
    const size = (place: string) =>
      Object.entries(found)
        .filter(([name]) => name.startsWith(place))
        .join('').length;
    const sizes = ['table', 'topic', 'file', 'metrics', 'what was logged'].map((place) => size(place) > 5_000);
    expect(sizes).toEqual([true, true, true, true, true]);
  }, 30_000);

  it('nothing of a person, no token of the processor and no secret is there either, but sealed', () => {
    const ours = Object.fromEntries(Object.entries(found).filter(([name]) => !name.includes(stack.sandbox.directory)));
    expect(ofOthers.length).toBeGreaterThanOrEqual(8);
    expect(whereAre(ofOthers, ours)).toEqual([]);
    // Its processor has them, and so the search knows what it looks for.
    expect(whereAre([person.email], found).length).toBeGreaterThan(0);
  });

  it('and what was tried is counted', () => {
    const leaks = whereAre(stripeTestCards, found).length;
    stack.tell(
      `card numbers: ${stripeTestCards.length} planted in ${tried.http} requests, ${tried.kafka} commands and ${tried.webhooks} webhooks; ` +
        `${Object.keys(found).length} places searched, ${leaks === 0 ? 'none' : leaks} found\n`,
    );
    expect(Math.min(tried.http, tried.kafka, tried.webhooks)).toBeGreaterThan(25);
  });
});
