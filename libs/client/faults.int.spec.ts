import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ProxiedKafka } from '../../test/kafka/fault-proxy.js';
import { startProxiedKafka } from '../../test/kafka/fault-proxy.js';
import { createTopics, describeWithKafka } from '../../test/kafka/suite.js';
import { BillingClient } from './client.js';
import type { Command } from './commands.js';
import { StandIn } from './testing/stand-in.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const { privateKey } = generateKeyPairSync('ed25519');
const cancel = (messageId: string): Command => ({
  type: 'CancelPayment',
  tenantId,
  paymentId: StandIn.paymentId,
  messageId,
});

/** It does harm to a broker, and so has one of its own. */
describeWithKafka('a client whose broker or network fails', () => {
  let folder: string;
  let kafka: ProxiedKafka;
  let worker: StandIn;
  let client: BillingClient;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billing-client-kafka-'));
    kafka = await startProxiedKafka({ directory: folder });
    const { prefix } = await createTopics(kafka.brokers);
    worker = new StandIn(kafka.brokers, prefix);
    await worker.start();
    client = new BillingClient({
      kafka: { brokers: kafka.proxied, topicPrefix: prefix },
      http: { url: 'http://127.0.0.1:9', token: () => Promise.resolve('t') },
      producer: { name: 'shop', privateKey },
    });
    await (await client.send(cancel('warm'))).result();
  }, 90_000);
  afterAll(async () => {
    await client.close();
    await worker.stop();
    await kafka.discard();
  }, 60_000);

  /** Sends commands one after the other while `harm` is done, and expects a result of each. */
  const load = async (name: string, harm: () => Promise<void>): Promise<void> => {
    let going = true;
    const results: Promise<unknown>[] = [];
    const sending = (async () => {
      for (let number = 0; going; number += 1) {
        results.push(client.send(cancel(`${name}-${number}`)).then(({ result }) => result(30_000)));
        await sleep(25);
      }
    })();
    await sleep(200);
    await harm();
    await sleep(200);
    going = false;
    await sending;
    expect((await Promise.allSettled(results)).filter(({ status }) => status === 'rejected')).toEqual([]);
    const firsts = [...new Set(worker.taken.map(({ messageId }) => messageId).filter((id) => id.startsWith(name)))];
    expect(firsts).toEqual(results.map((_, number) => `${name}-${number}`));
  };

  it('sends again what was stored but never acknowledged, under the same message id', async () => {
    await load('unacknowledged', async () => {
      const { dropped } = kafka.proxies[0] ?? { dropped: 0 };
      kafka.proxies[0]?.dropProduceAnswers(2);
      while ((kafka.proxies[0]?.dropped ?? 0) < dropped + 2) await sleep(20);
    });
    expect(worker.taken.length).toBeGreaterThan(new Set(worker.taken.map(({ messageId }) => messageId)).size);
  }, 60_000);

  it('goes on after the network was cut', async () => {
    await load('cut', async () => {
      kafka.proxies[0]?.cut();
      await sleep(1_500);
      kafka.proxies[0]?.mend();
    });
  }, 90_000);

  it('misses no result when its broker is killed and comes back', async () => {
    await load('killed', async () => {
      await kafka.kill(1);
      await kafka.restart(1);
    });
  }, 90_000);
});
