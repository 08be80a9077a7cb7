import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readPublicKey, registerProducer } from '#access/producers';
import type { SentCommand } from '#client';
import { BillingClient } from '#client';
import { eventPartitions } from '#contracts';

import { startAppProcess } from '../../standalone/app-process.js';
import type { Row } from '../report.js';
import { comparedRow } from '../report.js';
import type { Surroundings } from './surroundings.js';

const commands = 4_000;
const limitMs = 120_000;

interface Payer {
  tenantId: string;
  customerId: string;
}

/** Command workers, each a process: two that share the partitions against one. The commands are signed and sent before they start. */
export const workerRows = async (surroundings: Surroundings): Promise<Row[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'billing-bench-worker-'));
  const { client, tenants } = await openClient(surroundings);
  try {
    const payers = await work(surroundings, directory, 1, () =>
      Promise.all(tenants.map((tenantId) => createCustomer(client, tenantId))),
    );
    const one = await rateOf(surroundings, directory, client, payers, 1);
    const two = await rateOf(surroundings, directory, client, payers, 2);
    return [comparedRow('command workers, commands/s of two processes against one', two, one)];
  } finally {
    await client.close();
    await rm(directory, { recursive: true, force: true });
  }
};

/** A producer of a tenant in each shard. */
const openClient = async ({ database, kafka }: Surroundings): Promise<{ client: BillingClient; tenants: string[] }> => {
  const shards = Array.from({ length: eventPartitions }, (_, shard) => shard);
  const tenants = await Promise.all(shards.map((shard) => database.addTenant({ shard })));
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = await readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  await registerProducer(database.admin, 'bench', { tenants, scopes: ['billing:write'] }, key);
  const client = new BillingClient({
    kafka,
    http: { url: 'http://127.0.0.1:1', token: () => Promise.resolve('not used') },
    producer: { name: 'bench', privateKey },
  });
  return { client, tenants };
};

const createCustomer = async (client: BillingClient, tenantId: string): Promise<Payer> => {
  const body = { email: `${randomUUID()}@example.com` };
  const { resource } = await (await client.send({ type: 'CreateCustomer', tenantId, body })).result(limitMs);
  if (!resource) throw new Error('the result of a new customer names nobody');
  return { tenantId, customerId: resource.id };
};

const rateOf = async (
  surroundings: Surroundings,
  directory: string,
  client: BillingClient,
  payers: readonly Payer[],
  processes: number,
): Promise<number> => {
  const sent = await Promise.all(
    Array.from({ length: commands }, (_, at) => {
      const { tenantId, customerId } = payers[at % payers.length] as Payer;
      return client.send({ type: 'CreatePayment', tenantId, body: { amount: 1_999, currency: 'usd', customerId } });
    }),
  );
  return work(surroundings, directory, processes, () => rateOfResults(sent));
};

/** Counted from the first result to the last. */
const rateOfResults = async (sent: readonly SentCommand[]): Promise<number> => {
  let firstAt = 0;
  await Promise.all(
    sent.map(async ({ result }) => {
      await result(limitMs);
      firstAt ||= performance.now();
    }),
  );
  return (sent.length - 1) / ((performance.now() - firstAt) / 1_000);
};

/** Does something while a number of command workers run. */
const work = async <T>(
  { database, kafka }: Surroundings,
  directory: string,
  processes: number,
  task: () => Promise<T>,
): Promise<T> => {
  const environment = {
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: directory,
    LOG_LEVEL: 'error',
    DATABASE_URL: database.url('billing_command_worker'),
    KAFKA_BROKERS: kafka.brokers.join(','),
    KAFKA_TOPIC_PREFIX: kafka.topicPrefix,
  };
  const start = () => startAppProcess('command-worker', environment);
  const workers = [await start()]; // the first makes the keyring
  for (let at = 1; at < processes; at += 1) workers.push(await start());
  try {
    return await task();
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
  }
};
