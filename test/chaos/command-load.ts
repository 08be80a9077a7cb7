import type { KeyObject } from 'node:crypto';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { readPublicKey, registerProducer } from '#access/producers';
import { eventPartitions } from '#contracts';
import type { Command, CommandResult } from '#client';
import { BillingClient, CommandRejected } from '#client';
import type { PaymentView } from '#projections';
import { Pool } from 'pg';

import type { Settled } from '../kills/load.js';
import type { Standalone } from '../standalone/index.js';
import { tenantOne } from '../standalone/index.js';

const name = 'chaos';
const maxTries = 40;
const resultMs = 15_000;
const settleTries = 600;
const settleMs = 100;

interface Registration {
  privateKey: KeyObject;
  /** A tenant in each shard. */
  tenants: string[];
}

/** Registers the load as a producer, and adds a tenant in each shard, so that every partition has something to carry. */
const registerLoad = async (standalone: Standalone): Promise<Registration> => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pool = new Pool({ connectionString: standalone.adminUrl(), max: 1 });
  try {
    const { rows } = await pool.query<{ id: string }>(
      `insert into billing.tenant (id, name, shard) select gen_random_uuid(), 'Chaos', shard
      from generate_series(0, $1::integer - 1) as shard returning id`,
      [eventPartitions],
    );
    const tenants = rows.map(({ id }) => id);
    const key = await readPublicKey(publicKey.export({ type: 'spki', format: 'pem' }).toString());
    await registerProducer(pool, name, { tenants: [tenantOne, ...tenants], scopes: ['billing:write'] }, key);
    return { privateKey, tenants };
  } finally {
    await pool.end();
  }
};

/** Keeps sending signed commands over Kafka, each under one message id until its result is known, and reads what came of them. */
export class CommandLoad {
  readonly #settled: Settled[] = [];
  readonly #client: BillingClient;
  #workers: Promise<void>[] = [];
  #stopping = false;
  #again = 0;
  #duplicates = 0;
  readonly #open = new Set<Promise<unknown>>();
  /** Ids of the customers that were created in the tenants of all shards. */
  readonly customers = new Set<string>();

  private constructor(
    readonly standalone: Standalone,
    brokers: string[],
    readonly registration: Registration,
    readonly pauseMs: number,
  ) {
    this.#client = new BillingClient({
      kafka: { brokers, topicPrefix: standalone.kafka?.topicPrefix ?? '' },
      http: { url: standalone.url, token: () => standalone.token({ subject: name }) },
      producer: { name, privateKey: registration.privateKey },
    });
  }

  /** `pauseMs`: how long a worker rests between two commands. */
  static async begin(
    standalone: Standalone,
    brokers: string[],
    { workers, pauseMs }: { workers: number; pauseMs: number },
  ): Promise<CommandLoad> {
    const load = new CommandLoad(standalone, brokers, await registerLoad(standalone), pauseMs);
    const payers = await Promise.all(Array.from({ length: workers }, () => load.#payer()));
    load.#workers = [...payers.map((payer) => load.#work(payer)), load.#fill()];
    for (const worker of load.#workers) worker.catch(() => undefined); // thrown where it is awaited
    return load;
  }

  /** Begins nothing new, and waits until everything that was begun is answered. */
  async finish(): Promise<Settled[]> {
    this.#stopping = true;
    await Promise.all(this.#workers);
    return this.#settled;
  }

  /** Resolves when everything that is under way now is answered for good. */
  async whenAnswered(): Promise<void> {
    await Promise.allSettled(this.#open);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  summary(): string {
    return `${this.#settled.length} charges and ${this.customers.size} customers over Kafka, ${this.#again} commands sent again, ${this.#duplicates} results said duplicate`;
  }

  async #payer(): Promise<{ customerId: string; paymentMethodId: string }> {
    const email = `${randomUUID()}@example.com`;
    const customer = await this.#do({ type: 'CreateCustomer', tenantId: tenantOne, body: { email } });
    const customerId = idOf(customer);
    const attached = await this.#client.send({
      type: 'AttachPaymentMethod',
      tenantId: tenantOne,
      customerId,
      body: { type: 'card', processorToken: 'pm_card_visa' },
    });
    await attached.settled();
    return { customerId, paymentMethodId: idOf(await attached.result()) };
  }

  async #work(payer: { customerId: string; paymentMethodId: string }): Promise<void> {
    for (; !this.#stopping; await sleep(this.pauseMs)) {
      const key = randomUUID();
      const amount = 100 + Math.floor(Math.random() * 10_000);
      const body = { amount, currency: 'usd', ...payer };
      const result = await this.#do({ type: 'CreatePayment', tenantId: tenantOne, messageId: key, body });
      const payment = await this.#tracked(this.#outcome(idOf(result)));
      this.#settled.push({ kind: 'charge', key, tries: 1, payment });
    }
  }

  /** Creates customers in every shard in turn. */
  async #fill(): Promise<void> {
    const { tenants } = this.registration;
    for (let at = 0; !this.#stopping; await sleep(this.pauseMs), at += 1) {
      const tenantId = tenants[at % tenants.length] as string;
      const email = `${randomUUID()}@example.com`;
      const result = await this.#do({ type: 'CreateCustomer', tenantId, body: { email } });
      if (this.customers.has(idOf(result))) throw new Error(`two commands made customer ${idOf(result)}`);
      this.customers.add(idOf(result));
    }
  }

  /** What does not fit between the customers that were promised and those that the log has, as lines. */
  async differencesOfCustomers(admin: Pool): Promise<string[]> {
    const { rows } = await admin.query<{ id: string; times: string }>(
      `select replace(stream_id, 'customer-', '') as id, count(*) as times from billing.event
      where type = 'CustomerCreated' and tenant_id = any ($1) group by stream_id`,
      [this.registration.tenants],
    );
    const made = new Map(rows.map(({ id, times }) => [id, Number(times)]));
    return [
      ...[...made].filter(([, times]) => times !== 1).map(([id, times]) => `customer ${id} was created ${times} times`),
      ...[...made.keys()].filter((id) => !this.customers.has(id)).map((id) => `nobody was told of customer ${id}`),
      ...[...this.customers].filter((id) => !made.has(id)).map((id) => `customer ${id} is not in the log`),
    ];
  }

  /** One command under one message id, until its result is known. Throws on a rejection: the load asks for nothing that can be. */
  #do(asked: Command): Promise<CommandResult> {
    return this.#tracked(this.#sendUntilKnown({ messageId: randomUUID(), ...asked }));
  }

  async #sendUntilKnown(command: Command): Promise<CommandResult> {
    for (let tries = 1; tries <= maxTries; tries += 1) {
      try {
        const result = await (await this.#client.send(command)).result(resultMs);
        if (result.outcome === 'duplicate') this.#duplicates += 1;
        return result;
      } catch (error) {
        if (error instanceof CommandRejected && !/in_progress|concurrent/.test(error.code)) throw error;
        this.#again += 1;
        await sleep(200);
      }
    }
    throw new Error(`no result of ${command.type} after ${maxTries} tries:\n${this.standalone.output().slice(-3_000)}`);
  }

  #tracked<T>(work: Promise<T>): Promise<T> {
    this.#open.add(work);
    const over = (): void => {
      this.#open.delete(work);
    };
    work.then(over, over);
    return work;
  }

  /** The payment once the processor has spoken. */
  async #outcome(paymentId: string): Promise<PaymentView> {
    for (let tries = 1; tries <= settleTries; tries += 1) {
      const payment = await this.#client.payment(paymentId).catch(() => undefined);
      if (payment?.status === 'succeeded' || payment?.status === 'failed') {
        return payment as unknown as PaymentView;
      }
      await sleep(settleMs);
    }
    throw new Error(`payment ${paymentId} has no outcome:\n${this.standalone.output().slice(-3_000)}`);
  }
}

const idOf = ({ resource, messageId }: CommandResult): string => {
  if (!resource) throw new Error(`the result of ${messageId} names nothing`);
  return resource.id;
};
