import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { TestTopics } from '../../test/kafka/suite.js';
import { createTopics, describeWithKafka } from '../../test/kafka/suite.js';
import type { ClientOptions } from './client.js';
import { BillingClient } from './client.js';
import type { Command } from './commands.js';
import { ClientClosed, CommandRejected, ResultTimeout } from './errors.js';
import { StandIn } from './testing/stand-in.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const customerId = '0b8f6a52-5c1f-4d0c-9a53-2f9a4f0f7a11';
const paymentId = StandIn.paymentId;
const { privateKey } = generateKeyPairSync('ed25519');

const pay = (messageId?: string, amount = 4_999): Command => ({
  type: 'CreatePayment',
  tenantId,
  body: { amount, currency: 'usd', customerId },
  ...(messageId !== undefined && { messageId }),
});

describeWithKafka('a client at a broker', (brokers) => {
  let made: TestTopics;
  let worker: StandIn;
  const open: BillingClient[] = [];
  const client = (producer: Partial<ClientOptions['producer']> = {}, at = brokers): BillingClient => {
    const opened = new BillingClient({
      kafka: { brokers: at, topicPrefix: made.prefix },
      http: { url: 'http://127.0.0.1:9', token: () => Promise.resolve('t') },
      producer: { name: 'shop', privateKey, ...producer },
    });
    open.push(opened);
    return opened;
  };

  beforeAll(async () => {
    made = await createTopics(brokers);
    worker = new StandIn(brokers, made.prefix);
    await worker.start();
  }, 60_000);
  afterEach(async () => {
    worker.reply = (result) => result;
    await Promise.all(open.splice(0).map((each) => each.close()));
  });
  afterAll(async () => {
    await worker.stop();
    await made.drop();
  }, 60_000);
  const takenOf = (messageId: string) => worker.taken.filter((each) => each.messageId === messageId);

  it('sends a command as a signed CloudEvent and learns what became of it', async () => {
    const shop = client({ name: 'Shop' });
    const { messageId, commandId, result } = await shop.send({
      ...pay(),
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    });
    expect(await result()).toMatchObject({ messageId, commandId, outcome: 'accepted', resource: { id: paymentId } });
    const [{ message } = { message: undefined }] = takenOf(messageId);
    const headers = Object.fromEntries(
      Object.entries(message?.headers ?? {}).map(([name, value]) => [name, value?.toString()]),
    );
    expect(headers).toEqual({
      ce_specversion: '1.0',
      ce_id: messageId,
      ce_source: 'shop',
      ce_type: 'CreatePayment',
      ce_time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      'content-type': 'application/json',
      ce_schemaversion: '1',
      ce_tenantid: tenantId,
      ce_signature: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) as string,
      traceparent: expect.any(String) as string,
    });
    expect(message?.key?.toString()).toBe(tenantId);
    expect(JSON.parse(message?.value?.toString() ?? '')).toEqual({ amount: 4_999, currency: 'usd', customerId });
  });

  it('misses no result, however many commands are on their way, and keeps their order', async () => {
    const shop = client();
    const ids = Array.from({ length: 500 }, (_, index) => `many-${index}`);
    const sent = await Promise.all(ids.map((id) => shop.send(pay(id))));
    const results = await Promise.all(sent.map(({ result }) => result()));
    expect(results.map(({ messageId }) => messageId)).toEqual(ids);
    expect(worker.taken.map(({ messageId }) => messageId).filter((id) => id.startsWith('many-'))).toEqual(ids);
  });

  it('throws what a command was rejected for', async () => {
    worker.reply = ({ resource: _, ...result }) => ({
      ...result,
      outcome: 'rejected',
      error: { code: 'refund_exceeds_captured', detail: 'more than was taken', field: 'amount' },
    });
    const refund: Command = {
      type: 'RefundPayment',
      tenantId,
      paymentId,
      onBehalfOf: 'token of a person',
      messageId: 'r1',
    };
    const { result } = await client().send(refund);
    const rejected = result();
    await expect(rejected).rejects.toThrow(CommandRejected);
    await expect(rejected).rejects.toMatchObject({ code: 'refund_exceeds_captured', field: 'amount', messageId: 'r1' });
    const [{ message } = { message: undefined }] = takenOf('r1');
    expect(message?.headers?.ce_subject?.toString()).toBe(paymentId);
    expect(message?.headers?.ce_onbehalfof?.toString()).toBe('token of a person');
  });

  it('waits no longer than it is told, and the same message again brings the result', async () => {
    worker.reply = () => undefined;
    const shop = client();
    const { result } = await shop.send(pay('again'));
    await expect(result(200)).rejects.toThrow(ResultTimeout);
    worker.reply = (outcome) => ({ ...outcome, outcome: 'duplicate' });
    const second = await shop.send(pay('again'));
    expect(await second.result()).toMatchObject({ messageId: 'again', outcome: 'duplicate' });
    expect(await result()).toMatchObject({ messageId: 'again', outcome: 'duplicate' });
  });

  it('hears of its own commands alone, also beside another of the same name', async () => {
    const [one, other] = [client(), client()];
    const sent = await Promise.all([one.send(pay('one')), other.send(pay('other')), other.send(pay('third'))]);
    const results = await Promise.all(sent.map(({ result }) => result()));
    expect(results.map(({ messageId }) => messageId)).toEqual(['one', 'other', 'third']);
  });

  it('ends what waits when it is closed, and then sends no more', async () => {
    worker.reply = () => undefined;
    const shop = client();
    const { result } = await shop.send(pay());
    const waiting = expect(result()).rejects.toThrow(ClientClosed);
    const reading = shop.events({ follow: true }).next();
    await sleep(50);
    await shop.close();
    await waiting;
    expect(await reading).toEqual({ done: true, value: undefined });
    await expect(shop.send(pay())).rejects.toThrow(ClientClosed);
  });

  it('says so where no broker answers', async () => {
    await expect(client({}, ['127.0.0.1:9']).send(pay('lost'))).rejects.toMatchObject({
      code: 'results_unavailable',
      messageId: 'lost',
    });
  }, 40_000);
});
