import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readPublicKey, registerProducer } from '#access/producers';
import { parseVerifierKey, verifyReceipt } from '#audit';
import type { BillingEvent, PaymentChange } from '#client';
import { BillingClient, CommandRejected } from '#client';
import { topics } from '#contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { KafkaMessage } from 'kafkajs';
import { Pool } from 'pg';

import { installClient, packClient } from '../../libs/client/testing/package.js';
import { describeWithKafka, testKafka } from '../kafka/suite.js';
import type { Standalone } from '../standalone/index.js';
import { startStandalone, tenantOne, tenantTwo } from '../standalone/index.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
/** The message id of a command whose body is wrong. */
const malformed = 'malformed';
const customer = { type: 'CreateCustomer', tenantId: tenantOne, body: { email: 'grace@example.com' } } as const;

describeWithKafka('an upstream service that has nothing but the client', (brokers) => {
  let billing: Standalone;
  let folder: string;
  let client: BillingClient;
  beforeAll(async () => {
    [billing, folder] = await Promise.all([
      startStandalone({ KAFKA_BROKERS: brokers.join(',') }),
      mkdtemp(join(tmpdir(), 'billing-upstream-')),
    ]);
    await register('shop');
    await writeFile(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    client = new BillingClient({
      kafka: { brokers, topicPrefix: billing.kafka?.topicPrefix ?? '' },
      http: { url: billing.url, token: () => billing.token({ tenantId: tenantOne, role: 'tenant_admin' }) },
      producer: { name: 'shop', privateKey },
    });
  }, 120_000);
  afterAll(async () => {
    await client.close();
    await billing.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  const register = async (name: string): Promise<void> => {
    const pool = new Pool({ connectionString: billing.adminUrl(), max: 1 });
    const key = await readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    await registerProducer(pool, name, { tenants: [tenantOne], scopes: ['billing:write'] }, key);
    await pool.end();
  };

  const runExample = async (environment: NodeJS.ProcessEnv): Promise<{ code: number; output: string }> => {
    const env = {
      PATH: process.env.PATH,
      KAFKA_BROKERS: brokers.join(','),
      KAFKA_TOPIC_PREFIX: billing.kafka?.topicPrefix,
      BILLING_URL: billing.url,
      BILLING_TOKEN: await billing.token({ tenantId: tenantOne, role: 'tenant_admin' }),
      BILLING_PRODUCER: 'shop',
      BILLING_PRODUCER_KEY: join(folder, 'key.pem'),
      ...environment,
    };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['main.mjs'],
        { cwd: join(folder, 'example'), env, timeout: 60_000 },
        (error, out, err) => {
          resolve({ code: error ? Number(error.code ?? 255) : 0, output: out + err });
        },
      );
    });
  };
  const paymentIn = (output: string): string | undefined => /^payment +(\S+)/m.exec(output)?.[1];

  it('charges a card and reads the outcome, in the example as it is printed in the docs', async () => {
    const example = join(folder, 'example');
    const { tarball } = await packClient(join(folder, 'package'));
    await cp('docs/examples/upstream-service', example, { recursive: true });
    await installClient(tarball, example);

    const orderId = `order-${randomUUID()}`;
    const first = await runExample({ ORDER_ID: orderId });
    expect(first).toEqual({ code: 0, output: expect.stringContaining('is succeeded: 4999 usd were taken') as string });
    expect(first.output).toMatch(/PaymentCreated.*\n.*PaymentRequested.*\n.*PaymentCaptured +4999/);

    const again = await runExample({ ORDER_ID: orderId });
    expect([again.code, paymentIn(again.output)]).toEqual([0, paymentIn(first.output)]);

    const declined = await runExample({ PROCESSOR_TOKEN: 'pm_card_chargeCustomerFail' });
    expect(declined).toEqual({
      code: 1,
      output: expect.stringMatching(/PaymentFailed[\s\S]*is failed: card_declined/) as string,
    });
  }, 180_000);

  it('refunds on behalf of a person with step-up, and not without', async () => {
    const { result } = await client.send(customer);
    const customerId = (await result()).resource?.id ?? '';
    const body = { type: 'card', processorToken: 'pm_card_visa' } as const;
    const card = await client.send({ type: 'AttachPaymentMethod', tenantId: tenantOne, customerId, body });
    expect((await card.settled())?.type).toBe('PaymentMethodAttached');
    const paymentMethodId = (await card.result()).resource?.id ?? '';
    const charge = await client.send({
      type: 'CreatePayment',
      tenantId: tenantOne,
      body: { amount: 2_000, currency: 'eur', customerId, paymentMethodId },
    });
    expect(await charge.settled()).toMatchObject({ type: 'PaymentCaptured', data: { amount: 2_000, currency: 'eur' } });

    const paymentId = (await charge.result()).resource?.id ?? '';
    const refund = { type: 'RefundPayment', tenantId: tenantOne, paymentId, body: { amount: 500 } } as const;
    const token = (mfa: boolean) => billing.token({ tenantId: tenantOne, role: 'tenant_admin', mfa });
    const refused = await client.send({ ...refund, onBehalfOf: await token(false) });
    await expect(refused.result()).rejects.toThrow(CommandRejected);
    const taken = await client.send({ ...refund, onBehalfOf: await token(true) });
    const settled = await taken.settled();
    expect(settled?.type).toBe('RefundSucceeded');
    const options = settled && { minPosition: settled.position };
    expect(await client.payment(paymentId, options)).toMatchObject({
      status: 'partially_refunded',
      amountRefunded: 500,
    });
  }, 60_000);

  it('shows each change of a payment to whoever has the key of the audit log, and nothing else of billing', async () => {
    const { result } = await client.send(customer);
    const customerId = (await result()).resource?.id ?? '';
    const body = { amount: 700, currency: 'eur', customerId };
    const created = await client.send({ type: 'CreatePayment', tenantId: tenantOne, body });
    const paymentId = (await created.result()).resource?.id ?? '';
    const canceled = await (await client.send({ type: 'CancelPayment', tenantId: tenantOne, paymentId })).settled();
    expect(canceled?.type).toBe('PaymentCanceled');

    const vkey = (await (await fetch(`${billing.url}/v1/audit/vkey`)).text()).trim();
    const key = parseVerifierKey(vkey);
    const trust = { log: { origin: key.name, keys: [key] } };
    const shown = (receipt: string) =>
      JSON.parse(Buffer.from(verifyReceipt(receipt, trust).event).toString()) as { eventId: string; type: string };
    expect(shown(await client.receipt(canceled?.eventId ?? ''))).toMatchObject({ type: 'PaymentCanceled' });

    const changes: PaymentChange[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await client.paymentHistory(paymentId, { limit: 1, ...(cursor !== undefined && { cursor }) });
      changes.push(...page.data);
      cursor = page.nextCursor;
    }
    expect(changes.map(({ type, status }) => [type, status])).toEqual([
      ['PaymentCreated', 'requires_payment_method'],
      ['PaymentCanceled', 'canceled'],
    ]);
    for (const { eventId, type, proof } of changes)
      expect(shown(proof?.receipt ?? '')).toMatchObject({ eventId, type });
    await expect(client.receipt(randomUUID())).rejects.toMatchObject({ status: 404, code: 'event_not_found' });
    await expect(client.paymentHistory(paymentId, { cursor: 'x' })).rejects.toMatchObject({ code: 'invalid_cursor' });
  }, 60_000);

  it('is told why a command was rejected', async () => {
    const wrong = { ...customer, messageId: malformed, body: { email: 'nobody' } };
    await expect((await client.send(wrong)).result()).rejects.toMatchObject({
      field: 'email',
      messageId: expect.any(String) as string,
    });
    const notMine = await client.send({ ...customer, tenantId: tenantTwo });
    await expect(notMine.result()).rejects.toThrow(CommandRejected);
  }, 60_000);

  it('follows events as they happen', async () => {
    const before: BillingEvent[] = [];
    for await (const event of client.events()) before.push(event);
    const after = before.at(-1)?.position;
    await client.send({ ...customer, body: { email: 'hedy@example.com' } });
    const signal = AbortSignal.timeout(20_000);
    const types = ['CustomerCreated', 'CustomerRegistered'] as const;
    const seen: string[] = [];
    for await (const { type } of client.events({ follow: true, types, signal, ...(after && { after }) })) {
      seen.push(type);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual(['CustomerCreated', 'CustomerRegistered']);
  }, 60_000);

  it('finds on every topic what the published schemas say', async () => {
    const ajv = addFormats.default(new Ajv2020({ allowUnionTypes: true, strict: false }));
    const wrongWith = async (file: string, value: unknown): Promise<string> => {
      const path = `docs/contracts/schemas/${file}`;
      const validate = ajv.getSchema(file) ?? ajv.compile({ ...JSON.parse(await readFile(path, 'utf8')), $id: file });
      return validate(value) === true ? '' : `${file}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`;
    };
    const found: Record<string, number> = {};
    const names: Record<string, string> = {
      events: 'event',
      commands: 'command',
      results: 'command-result',
      deadLetters: 'command-dead-letter',
    };
    for (const [topic, headerFile] of Object.entries(names)) {
      const messages = await allOf(topics[topic as keyof typeof topics]);
      found[topic] = messages.length;
      for (const { headers: raw, value } of messages) {
        const headers = Object.fromEntries(Object.entries(raw ?? {}).map(([name, text]) => [name, text?.toString()]));
        const isTyped = topic === 'events' || topic === 'commands';
        const body = isTyped
          ? `${topic}/${headers.ce_type}.v${headers.ce_schemaversion}.json`
          : `${headerFile}.v1.json`;
        const problems = [await wrongWith(`headers/${headerFile}.v1.json`, headers)];
        if (headers.ce_id !== malformed) problems.push(await wrongWith(body, JSON.parse(value?.toString() ?? '')));
        expect(problems.filter((problem) => problem !== '')).toEqual([]);
      }
    }
    expect(found.events).toBeGreaterThan(10);
    expect(found.results).toBeGreaterThanOrEqual(found.commands ?? Infinity);
    expect(found.deadLetters).toBeGreaterThanOrEqual(1);
  }, 60_000);

  /** Everything in a topic of this standalone. */
  const allOf = async (name: string): Promise<KafkaMessage[]> => {
    const topic = `${billing.kafka?.topicPrefix}${name}`;
    const kafka = testKafka(brokers);
    const admin = kafka.admin();
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    const wanted = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    const messages: KafkaMessage[] = [];
    if (wanted === 0) return messages;
    const consumer = kafka.consumer({ groupId: `${billing.kafka?.topicPrefix}${randomUUID()}`, maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const all = Promise.withResolvers<undefined>();
    await consumer.run({
      eachMessage: ({ message }) => {
        if (messages.push(message) >= wanted) all.resolve(undefined);
        return Promise.resolve();
      },
    });
    await all.promise;
    await consumer.disconnect();
    return messages;
  };
});
