import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Payment, PaymentCommand } from '#domain/payment';
import { operationInFlight, statusOf } from '#domain/payment';
import type { KeyUser } from '#keys';
import { Keys, LocalKeyManagement, PostgresSubjectKeyStore, PostgresTenantKeyStore } from '#keys';
import { PostgresLog } from '#log';
import { createLogger } from '#platform/logging';
import { createMetrics } from '#platform/metrics';
import { StripeProcessor } from '#processor/stripe';
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

/** A database of its own with one tenant, the api's side of it, a sandbox, and gateways to start between the two. */
export class Workbench {
  readonly #gateways: { gateway: RunningGateway; log: PostgresLog }[] = [];

  private constructor(
    readonly database: TestDatabase,
    readonly tenantId: string,
    readonly api: TestApi,
    readonly clock: TestClock,
    readonly sandbox: StripeSandbox,
    readonly stripe: SandboxView,
    private readonly kms: LocalKeyManagement,
    readonly directory: string,
  ) {}

  static async open(): Promise<Workbench> {
    const directory = await mkdtemp(join(tmpdir(), 'gateway-'));
    const kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' });
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
      processor: new StripeProcessor({ apiKey: 'sk_test_sandbox', apiBase: this.sandbox.url, timeoutMs }),
      metrics: createMetrics('gateway'),
      logger: createLogger({ app: 'gateway', level: 'silent' }),
      clock: this.clock.now,
      ...parts,
    });
    this.#gateways.push({ gateway, log });
    return gateway;
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

  /** The unfinished calls, oldest first. */
  async calls(): Promise<{ operation: string; state: string; tries: number; last_error: string | null }[]> {
    const { rows } = await this.database.admin.query(
      'select operation, state, tries, last_error from billing.processor_call order by created_at',
    );
    return rows as never;
  }

  async close(): Promise<void> {
    await this.stop(0);
    await this.sandbox.close();
    await this.database.drop();
    await rm(this.directory, { recursive: true });
  }
}

const keysOf = (app: KeyUser, pool: Pool, kms: LocalKeyManagement): Keys =>
  new Keys({
    app,
    environment: 'test',
    kms,
    tenantKeys: new PostgresTenantKeyStore(pool),
    subjectKeys: new PostgresSubjectKeyStore(pool),
  });
