import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FactRecorder, customers } from '#command-handling/facts';
import { streamIdOf } from '#contracts';
import type { CustomerFact } from '#domain/customer';
import type { Payment, PaymentCommand } from '#domain/payment';
import { operationInFlight, statusOf } from '#domain/payment';
import { Batcher, StreamReader, TenantShards, appendOver } from '#event-store';
import type { KeyManagement, KeyUser } from '#keys';
import {
  Keys,
  LocalKeyManagement,
  PlatformKeys,
  PostgresPlatformKeyStore,
  PostgresSubjectKeyStore,
  PostgresTenantKeyStore,
} from '#keys';
import { PostgresLog } from '#log';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import { StripeProcessor } from '#processor/stripe';
import { allReadModels, applyInLockstep, readModelsConsumer } from '#projections';
import type { StripeSandbox } from '#stripe-sandbox';
import { startStripeSandbox } from '#stripe-sandbox';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { Parts, RunningGateway } from '../assemble.js';
import { startGateway } from '../assemble.js';
import type { ChargeOptions, Untimed } from './api.js';
import { TestApi } from './api.js';
import { TestClock, until } from './clock.js';
import { SandboxView } from './sandbox-view.js';

export interface Payer {
  customerId: string;
  paymentMethodId: string;
  processorCustomerId: string;
}

export interface Intent {
  id: string;
  status: string;
  amount_received: number;
  metadata: Record<string, string>;
}

/** Numbers that are too large for JSON come as text. */
export interface ReconciliationRow {
  state: string;
  steps_done: number;
  steps_total: number;
  compared: string;
  repaired: string;
  drift: string;
  takes: number;
  last_error: string | null;
}

export interface FindingRow {
  outcome: string;
  finding: string;
  object: string;
  aspect: string;
  tenant_id: string | null;
  object_id: string | null;
  processor_id: string;
  ours: string | null;
  theirs: string | null;
  currency: string | null;
}

/** A database of its own with one tenant, the api's side of it, a sandbox, and gateways to start between the two. */
export class Workbench {
  readonly #gateways: { gateway: RunningGateway; log: PostgresLog }[] = [];
  readonly #others: (() => Promise<void>)[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly tenantId: string,
    readonly api: TestApi,
    readonly clock: TestClock,
    readonly sandbox: StripeSandbox,
    readonly stripe: SandboxView,
    private readonly kms: KeyManagement,
    readonly directory: string,
  ) {}

  /** `kms`: instead of a keyring of its own. */
  static async open(given?: KeyManagement): Promise<Workbench> {
    const directory = await mkdtemp(join(tmpdir(), 'gateway-'));
    const kms =
      given ?? (await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' }));
    const database = await createTestDatabase();
    const tenantId = await database.addTenant();
    const pool = database.pool('billing_api');
    const clock = new TestClock();
    const sandbox = await startStripeSandbox({
      directory: join(directory, 'sandbox'),
      port: 0,
      clock: () => clock.now().getTime(),
    });
    const api = new TestApi(pool, keysOf('api', pool, kms));
    return new Workbench(database, tenantId, api, clock, sandbox, new SandboxView(sandbox.url), kms, directory);
  }

  /** Starts a gateway of its own: its own pool, log and connections, as another process would have. */
  async gateway({ timeoutMs = 300, ...parts }: Partial<Parts> & { timeoutMs?: number } = {}): Promise<RunningGateway> {
    const pool = this.database.pool('billing_gateway');
    const log = new PostgresLog(pool, this.database.url('billing_gateway'), { warn: () => undefined });
    const gateway = await startGateway({
      environment: 'test',
      pool,
      log,
      keys: keysOf('gateway', pool, this.kms),
      platformKeys: this.platformKeys('gateway', pool),
      looksPerSecond: 1_000,
      deliveryMs: 0,
      pollMs: 50,
      reconcilePollMs: 50,
      processor: new StripeProcessor({ apiKey: 'sk_test_sandbox', apiBase: this.sandbox.url, timeoutMs }),
      metrics: createMetrics('gateway'),
      logger: createLogger({ app: 'gateway', level: 'silent' }),
      clock: this.clock.now,
      ...parts,
    });
    this.#gateways.push({ gateway, log });
    return gateway;
  }

  /** Starts what keeps the read models, as the projector does. */
  async project(): Promise<void> {
    const models = allReadModels();
    const pool = this.database.pool('billing_projector');
    const log = new PostgresLog(pool, this.database.url('billing_projector'), { warn: () => undefined });
    const subscription = await log.subscribe({
      consumer: readModelsConsumer,
      handle: (events, client) => applyInLockstep(models, events, client),
      committed: () => {
        for (const model of models) model.committed();
      },
    });
    this.#others.push(async () => {
      await subscription.close();
      await log.close();
    });
  }

  /** The platform's keys, as an app may use them. */
  platformKeys(app: KeyUser, pool: Pool): PlatformKeys {
    return new PlatformKeys({ app, environment: 'test', kms: this.kms, store: new PostgresPlatformKeyStore(pool) });
  }

  /** Ends the gateways that were started; `graceMs` 0 drops what they have in hand, as a kill would. */
  async stop(graceMs = 2_000): Promise<void> {
    const stopping = this.#gateways.splice(0);
    await Promise.all(stopping.map(({ gateway }) => gateway.close(graceMs)));
    await Promise.all(stopping.map(({ log }) => log.close()));
  }

  /** A customer with an attached payment method, made by a gateway that is running. */
  async payer(token?: string, kind?: 'card' | 'us_bank_account'): Promise<Payer> {
    const { api, tenantId } = this;
    const customerId = await api.createCustomer(tenantId);
    const paymentMethodId = await api.attach(tenantId, customerId, token, kind);
    await until(async () => (await api.paymentMethod(tenantId, paymentMethodId)).attachment.phase === 'attached');
    const [processorCustomerId] = (await api.customer(tenantId, customerId)).processorCustomerIds;
    return { customerId, paymentMethodId, processorCustomerId: String(processorCustomerId) };
  }

  /** Requests a charge and gives its id. */
  charge(payer: Payer, options?: ChargeOptions): Promise<string> {
    return this.api.charge(this.tenantId, payer.customerId, payer.paymentMethodId, options);
  }

  /** Decides a command on a payment and appends what it gives. */
  command(paymentId: string, command: Untimed<PaymentCommand>): Promise<void> {
    return this.api.command(this.tenantId, paymentId, command);
  }

  /** Records what was heard of a customer, as a webhook does. */
  async recordOfCustomer(customerId: string, fact: CustomerFact): Promise<void> {
    const { tenantId, api } = this;
    const pool = this.database.pool('billing_gateway', { max: 1 });
    const reader = new StreamReader(pool, { acrossTenants: true });
    const recorder = new FactRecorder(reader, new Batcher(appendOver(pool)), 'gateway');
    const shard = await new TenantShards(api.pool).of(tenantId);
    const place = { tenantId, shard, streamId: streamIdOf('customer', customerId) };
    const context = { ...place, commandId: randomUUID(), correlationId: randomUUID() };
    await recorder.record(customers, context, [fact], await recorder.load(customers, place));
  }

  /** Waits until the payment has `status` and no operation is under way. */
  async reaches(paymentId: string, status: string, timeoutMs?: number): Promise<Payment> {
    return until(async () => {
      const payment = await this.api.payment(this.tenantId, paymentId);
      return statusOf(payment) === status && !operationInFlight(payment) && payment;
    }, timeoutMs);
  }

  /** Waits until no call is left. */
  async idle(): Promise<void> {
    await until(async () => (await this.calls()).length === 0);
  }

  /** The intents of a payer at the processor, each of them a charge or an attempt at one. */
  intents(payer: Payer): Promise<Intent[]> {
    return this.stripe.list<Intent>(`/v1/payment_intents?customer=${payer.processorCustomerId}&limit=100`);
  }

  /** Asks for a comparison of the last `days`, as an operator does, and gives the id of its run. */
  async askForReconciliation(days = 1): Promise<string> {
    const now = this.clock.now();
    const from = new Date(now.getTime() - days * 24 * 3_600_000);
    const { rows } = await this.database.admin.query<{ run_id: string }>(
      `insert into billing.reconciliation_run (run_id, asked_by, window_from, window_to, not_before, requested_at)
       values (gen_random_uuid(), 'operator', $1, $2, $2, $2) returning run_id`,
      [from, now],
    );
    return String(rows[0]?.run_id);
  }

  /** Where a run is and what it has found. */
  async reconciliation(runId: string): Promise<{ run: ReconciliationRow; findings: FindingRow[] }> {
    const { admin } = this.database;
    const runs = await admin.query<ReconciliationRow>('select * from billing.reconciliation_run where run_id = $1', [
      runId,
    ]);
    const findings = await admin.query<FindingRow>(
      `select outcome, finding, object, aspect, tenant_id, object_id, processor_id, ours, theirs, currency
       from billing.reconciliation_finding where run_id = $1 order by object, aspect, processor_id`,
      [runId],
    );
    return { run: runs.rows[0] as ReconciliationRow, findings: findings.rows };
  }

  /** Asks a gateway that is running to compare the last `days`, and waits for the end. */
  async reconcile(days?: number): Promise<{ run: ReconciliationRow; findings: FindingRow[] }> {
    const runId = await this.askForReconciliation(days);
    return until(async () => {
      const reconciled = await this.reconciliation(runId);
      return ['done', 'failed'].includes(reconciled.run.state) && reconciled;
    }, 30_000);
  }

  /** The unfinished calls, oldest first. */
  async calls(): Promise<{ operation: string; state: string; tries: number; last_error: string | null }[]> {
    const { rows } = await this.database.admin.query(
      'select operation, state, tries, last_error from billing.processor_call order by created_at',
    );
    return rows as never;
  }

  async close(): Promise<void> {
    await this.stop(0);
    for (const stop of this.#others.splice(0)) await stop();
    await this.sandbox.close();
    await this.database.drop();
    await rm(this.directory, { recursive: true });
  }
}

const keysOf = (app: KeyUser, pool: Pool, kms: KeyManagement): Keys =>
  new Keys({
    app,
    environment: 'test',
    kms,
    tenantKeys: new PostgresTenantKeyStore(pool),
    subjectKeys: new PostgresSubjectKeyStore(pool),
  });
