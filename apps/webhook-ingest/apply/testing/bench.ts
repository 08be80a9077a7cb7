import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Aggregate, DomainEvent, RecordedEvent } from '#contracts';
import { streamIdOf } from '#contracts';
import type { ConnectedAccountEvent } from '#domain/connected-account';
import type { CustomerEvent } from '#domain/customer';
import type { Payment, PaymentEvent } from '#domain/payment';
import { foldPayment } from '#domain/payment';
import type { PaymentMethodEvent } from '#domain/payment-method';
import type { SetupIntentEvent } from '#domain/setup-intent';
import { StreamReader, TenantShards, appendOver } from '#event-store';
import { LocalKeyManagement, PlatformKeys, PostgresPlatformKeyStore } from '#keys';
import { PostgresLog } from '#log';
import { createLogger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { createMetrics } from '#platform/metrics';
import { allReadModels, applyInLockstep, readModelsConsumer } from '#projections';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../../../test/database/index.js';
import { createTestDatabase } from '../../../../test/database/index.js';
import { Inbox } from '../../inbox/index.js';
import { contentHash } from '../../receive/content-hash.js';
import type { ApplierParts, RunningApplier } from '../index.js';
import { startApplier } from '../index.js';
import type { StripeEvent } from './stripe-events.js';
import { stripeId } from './stripe-events.js';

/** What the inbox says of an event. */
export interface Row {
  state: string;
  outcome: string | null;
  reason: string | null;
  tenantId: string | null;
  tries: number;
  faults: number;
}

/** A customer of a tenant, known to the processor. */
export interface Payer {
  tenantId: string;
  customerId: string;
  processorCustomerId: string;
}

/** A payment whose first attempt was asked for. */
export interface Asked extends Payer {
  paymentId: string;
  /** By which the processor knows the attempt, whether we have heard it or not. */
  processorPaymentId: string;
  /** The command that asked for it. */
  correlationId: string;
}

const at = '2026-11-01T10:00:00.000Z';
const currency = 'usd';

/** A database of its own with a tenant, what the api and the gateway have recorded in it, an inbox, and appliers to start. */
export class Bench {
  aheadMs = 0;
  readonly metrics: Registry = createMetrics('webhook-ingest');
  readonly #appliers: RunningApplier[] = [];
  #started = false;

  private constructor(
    readonly database: TestDatabase,
    readonly tenantId: string,
    readonly pool: Pool,
    readonly inbox: Inbox,
    readonly keys: PlatformKeys,
    private readonly directory: string,
  ) {}

  static async open(): Promise<Bench> {
    const directory = await mkdtemp(join(tmpdir(), 'apply-'));
    const kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' });
    const database = await createTestDatabase();
    const pool = database.pool('billing_webhook_ingest');
    const store = new PostgresPlatformKeyStore(pool);
    const keys = new PlatformKeys({ app: 'webhook-ingest', environment: 'test', kms, store });
    return new Bench(database, await database.addTenant(), pool, new Inbox(pool), keys, directory);
  }

  readonly now = (): Date => new Date(Date.now() + this.aheadMs);

  /** Starts an applier, with connections of its own as another process would have; the first one counts in `metrics`. */
  apply(parts: Partial<ApplierParts> = {}): RunningApplier {
    const pool = this.database.pool('billing_webhook_ingest');
    const isFirst = !this.#started;
    this.#started = true;
    const applier = startApplier({
      pool,
      inbox: isFirst ? this.inbox : new Inbox(pool),
      openBody: async (taken) => (await this.keys.openInbox(taken, taken.sealed)).body,
      metrics: isFirst ? this.metrics : createMetrics('webhook-ingest'),
      logger: createLogger({ app: 'webhook-ingest', level: 'silent' }),
      clock: this.now,
      pollMs: 25,
      ...parts,
    });
    this.#appliers.push(applier);
    return applier;
  }

  /** Ends the appliers; `graceMs` 0 drops what they have in hand, as a kill would. */
  async stop(graceMs = 2_000): Promise<void> {
    await Promise.all(this.#appliers.splice(0).map((applier) => applier.close(graceMs)));
  }

  /** Ends the appliers and begins anew, with an empty inbox and the clock set right. */
  async begin(): Promise<void> {
    await this.stop(0);
    await this.database.admin.query('delete from billing.webhook_events');
    this.metrics.clear();
    this.#started = false;
    this.aheadMs = 0;
  }

  /** Stores an event as the first half does, once it is verified. */
  async deliver(
    event: StripeEvent,
    {
      body = Buffer.from(JSON.stringify(event)),
      account = event.account,
      receivedAt = this.now(),
    }: { body?: Buffer; account?: string | undefined; receivedAt?: Date } = {},
  ): Promise<string> {
    const place = { processor: 'stripe', eventId: event.id };
    await this.inbox.store({
      ...place,
      account,
      type: event.type,
      apiVersion: event.api_version as string | undefined,
      livemode: false,
      createdAt: new Date(at),
      receivedAt,
      sealed: await this.keys.sealInbox(place, { body, signature: 't=1,v1=00' }),
      bodyHash: contentHash(body),
    });
    return event.id;
  }

  /** Has an event tried again, as a person does. */
  async replay(eventId: string): Promise<void> {
    await this.database.admin.query(
      `update billing.webhook_events set state = 'received', reason = null, faults = 0, looks = 0, not_before = now(), replayed_at = $2
       where event_id = $1`,
      [eventId, this.now()],
    );
  }

  async row(eventId: string): Promise<Row> {
    const { rows } = await this.database.admin.query<Row>(
      `select state, outcome, reason, tenant_id as "tenantId", tries, faults from billing.webhook_events where event_id = $1`,
      [eventId],
    );
    return rows[0] as Row;
  }

  /** Waits until the event has been looked at and is in one of `states`: by default in any that a look can leave it in. */
  async lookedAt(eventId: string, states: readonly string[] = endStates): Promise<Row> {
    return until(async () => {
      const row = await this.row(eventId);
      return states.includes(row.state) && row;
    });
  }

  /** Delivers an event and gives what became of it. */
  async heard(event: StripeEvent, states?: readonly string[]): Promise<Row> {
    return this.lookedAt(await this.deliver(event), states);
  }

  /** A customer whom the processor has registered. */
  async payer(tenantId = this.tenantId): Promise<Payer> {
    const customerId = randomUUID();
    const processorCustomerId = stripeId('cus');
    const created: CustomerEvent = { type: 'CustomerCreated', customerId, personal: 'sealed', at };
    await this.append('api', tenantId, 'customer', customerId, [created]);
    const registered: CustomerEvent = { type: 'CustomerRegistered', processorCustomerId, at };
    await this.append('gateway', tenantId, 'customer', customerId, [registered]);
    return { tenantId, customerId, processorCustomerId };
  }

  /** A payment of 50.00 USD that was asked for; nothing was heard of it. */
  async asked(
    captureMethod: 'automatic' | 'manual' = 'automatic',
    payer: Payer | undefined = undefined,
  ): Promise<Asked> {
    const { tenantId, customerId, processorCustomerId } = payer ?? (await this.payer());
    const paymentId = randomUUID();
    const correlationId = randomUUID();
    const terms = { customerId, amount: 5_000, currency, captureMethod, at };
    const events: PaymentEvent[] = [
      { type: 'PaymentCreated', paymentId, ...terms },
      { type: 'PaymentRequested', attempt: 1, paymentMethodId: customerId, ...terms },
    ];
    await this.append('api', tenantId, 'payment', paymentId, events, correlationId);
    const processorPaymentId = stripeId('pi');
    return { tenantId, customerId, processorCustomerId, paymentId, processorPaymentId, correlationId };
  }

  /** The gateway's answer: the customer has to act. */
  async actionRequired(asked: Asked): Promise<void> {
    const { processorPaymentId } = asked;
    await this.record('gateway', asked, [
      { type: 'PaymentActionRequired', attempt: 1, processorPaymentId, action: 'redirect_to_url', at },
    ]);
  }

  /** A payment that waits for its customer. */
  async waiting(captureMethod?: 'automatic' | 'manual'): Promise<Asked> {
    const asked = await this.asked(captureMethod);
    await this.actionRequired(asked);
    return asked;
  }

  /** A payment that was captured and settled. */
  async paid(payer?: Payer): Promise<Asked> {
    const asked = await this.asked('automatic', payer);
    const { paymentId, processorPaymentId } = asked;
    await this.record('gateway', asked, [
      {
        type: 'PaymentCaptured',
        attempt: 1,
        captureId: paymentId,
        processorPaymentId,
        amount: 5_000,
        currency,
        final: true,
        at,
      },
      {
        type: 'SettlementRecorded',
        settlementId: stripeId('txn'),
        source: 'capture',
        sourceId: paymentId,
        gross: 5_000,
        fee: 175,
        net: 4_825,
        currency,
        availableOn: at,
        at,
      },
    ]);
    return asked;
  }

  record(
    app: 'api' | 'gateway',
    { tenantId, paymentId }: Asked,
    events: PaymentEvent[],
    correlationId?: string,
  ): Promise<void> {
    return this.append(app, tenantId, 'payment', paymentId, events, correlationId);
  }

  /** Metadata as the gateway sets it on an attempt. */
  metadataOf({ tenantId, paymentId }: Asked): Record<string, string> {
    return { tenantId, paymentId, attempt: '1' };
  }

  /** What an intent of the payment has beside its status. */
  fieldsOf(asked: Asked) {
    return { id: asked.processorPaymentId, customer: asked.processorCustomerId, metadata: this.metadataOf(asked) };
  }

  /** Appends events as an app's role. */
  async append(
    app: 'api' | 'gateway',
    tenantId: string,
    kind: Aggregate,
    id: string,
    events: (PaymentEvent | CustomerEvent | PaymentMethodEvent | SetupIntentEvent | ConnectedAccountEvent)[],
    correlationId: string = randomUUID(),
  ): Promise<void> {
    const pool = this.#poolOf(`billing_${app}`);
    const streamId = streamIdOf(kind, id);
    const [result] = await appendOver(pool)(await this.#shards.of(tenantId), [
      {
        tenantId,
        commandId: randomUUID(),
        fingerprint: Buffer.from(app),
        streamId,
        expectedVersion: (await this.recorded(tenantId, kind, id)).length,
        events,
        correlationId,
        actor: { type: 'system', subject: app },
      },
    ]);
    if (result?.status !== 'ok') throw new Error(`append: ${JSON.stringify(result)}`);
  }

  /** A stream's events as they were recorded. */
  async recorded(tenantId: string, kind: Aggregate, id: string): Promise<RecordedEvent[]> {
    const shard = await this.#shards.of(tenantId);
    return (await this.#reader.read({ tenantId, shard, streamId: streamIdOf(kind, id) })).events;
  }

  /** A stream's events, in order. */
  async events<E extends DomainEvent>(tenantId: string, kind: Aggregate, id: string): Promise<E[]> {
    return (await this.recorded(tenantId, kind, id)).map(({ event }) => event as E);
  }

  async payment({ tenantId, paymentId }: Asked): Promise<Payment> {
    return foldPayment(await this.events<PaymentEvent>(tenantId, 'payment', paymentId));
  }

  /** The types of a payment's events, in order. */
  async history({ tenantId, paymentId }: Asked): Promise<string[]> {
    return (await this.recorded(tenantId, 'payment', paymentId)).map(({ type }) => type);
  }

  /** How many events there are in all. */
  async eventCount(): Promise<number> {
    const { rows } = await this.database.admin.query<{ count: number }>(
      'select count(*)::integer as count from billing.event',
    );
    return rows[0]?.count ?? 0;
  }

  /** Brings the read models up to the end of the log. */
  async project(): Promise<void> {
    const pool = this.#poolOf('billing_projector');
    const log = new PostgresLog(pool, this.database.url('billing_projector'), { warn: () => undefined });
    const models = allReadModels();
    const subscription = await log.subscribe({
      consumer: readModelsConsumer,
      handle: (events, client) => applyInLockstep(models, events, client),
      committed: () => {
        for (const model of models) model.committed();
      },
    });
    await subscription.whenCaughtUp();
    await subscription.close();
    await log.close();
  }

  async close(): Promise<void> {
    await this.stop(0);
    await this.database.drop();
    await rm(this.directory, { recursive: true });
  }

  readonly #pools = new Map<string, Pool>();
  #poolOf(role: string): Pool {
    const pool = this.#pools.get(role) ?? this.database.pool(role);
    this.#pools.set(role, pool);
    return pool;
  }

  get #reader(): StreamReader {
    return new StreamReader(this.#poolOf('billing_api'));
  }

  get #shards(): TenantShards {
    return new TenantShards(this.#poolOf('billing_api'));
  }
}

const endStates = ['applied', 'ignored', 'waiting', 'quarantined', 'failed'];

/** Waits until `probe` gives something true, ten seconds at most. */
export const until = async <T>(probe: () => Promise<T | false | undefined>, timeoutMs = 10_000): Promise<T> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`not so within ${timeoutMs} ms: ${probe.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
