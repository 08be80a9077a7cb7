import { randomUUID } from 'node:crypto';

import { ProcessorTokens } from '#command-handling';
import type { DomainEvent } from '#contracts';
import { streamIdOf } from '#contracts';
import type { ConnectedAccount, ConnectedAccountEvent } from '#domain/connected-account';
import { decideConnectedAccount, foldConnectedAccount } from '#domain/connected-account';
import type { Customer, CustomerEvent } from '#domain/customer';
import { decideCustomer, foldCustomer } from '#domain/customer';
import type { CaptureMethod, Payment, PaymentCommand, PaymentEvent } from '#domain/payment';
import { decide, foldPayment, statusOf } from '#domain/payment';
import type { PaymentMethod, PaymentMethodEvent } from '#domain/payment-method';
import { decidePaymentMethod, foldPaymentMethod } from '#domain/payment-method';
import type { Payout, PayoutEvent } from '#domain/payout';
import { foldPayout } from '#domain/payout';
import type { CreateSetupIntent, SetupIntent, SetupIntentEvent } from '#domain/setup-intent';
import { decideSetupIntent, foldSetupIntent } from '#domain/setup-intent';
import type { AppendBatch } from '#event-store';
import { StreamReader, TenantShards, appendOver } from '#event-store';
import type { Keys } from '#keys';
import { processorTokenPlace } from '#keys';
import type { Pool } from 'pg';

/** A command without the time, which the test's api adds. */
export type Untimed<T> = T extends { type: string; at: string } ? Omit<T, 'at'> : never;

export interface ChargeOptions {
  amount?: number;
  currency?: string;
  captureMethod?: CaptureMethod;
}

/** What the api does, without HTTP: decides commands and appends, as billing_api. */
export class TestApi {
  readonly #append: AppendBatch;
  readonly #shards: TenantShards;
  readonly #reader: StreamReader;
  readonly keys: Keys;

  constructor(
    readonly pool: Pool,
    keys: Keys,
  ) {
    this.#append = appendOver(pool);
    this.#shards = new TenantShards(pool);
    this.#reader = new StreamReader(pool);
    this.keys = keys;
  }

  async createCustomer(tenantId: string): Promise<string> {
    const customerId = randomUUID();
    const place = { tenantId, subjectId: customerId, purpose: 'contact', record: 'CustomerCreated.personal' } as const;
    const profile = {
      email: `${customerId}@example.com`,
      name: 'Ada Lovelace',
      address: { city: 'London', country: 'GB' },
    };
    const personal = await this.keys.sealPersonal(place, JSON.stringify(profile));
    const command = { type: 'CreateCustomer', customerId, personal, at: new Date().toISOString() } as const;
    await this.#write(tenantId, streamIdOf('customer', customerId), 0, decideCustomer(command, foldCustomer([])));
    return customerId;
  }

  async attach(
    tenantId: string,
    customerId: string,
    token = 'pm_card_visa',
    kind: 'card' | 'us_bank_account' = 'card',
  ): Promise<string> {
    const paymentMethodId = randomUUID();
    const sealed = await this.keys.sealToken(processorTokenPlace(tenantId, paymentMethodId), token);
    await this.pool.query(
      `with t as materialized (select set_config('app.tenant_id', $1, true)::uuid as tenant_id)
       insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed) select t.tenant_id, $2, $3, $4 from t`,
      [tenantId, paymentMethodId, customerId, sealed],
    );
    const at = new Date().toISOString();
    const events = decidePaymentMethod(
      { type: 'AttachPaymentMethod', paymentMethodId, customerId, kind, at },
      foldPaymentMethod([]),
    );
    await this.#write(tenantId, streamIdOf('payment_method', paymentMethodId), 0, events);
    return paymentMethodId;
  }

  /** Keeps a confirmation token under our id of it. */
  async present(tenantId: string, confirmationId: string, customerId: string, token: string): Promise<void> {
    await new ProcessorTokens(this.pool, this.keys).storePresented(tenantId, confirmationId, customerId, token);
  }

  /** Asks for a payment method to be set up. */
  async setUp(tenantId: string, command: Untimed<CreateSetupIntent>): Promise<void> {
    const events = decideSetupIntent({ ...command, at: new Date().toISOString() }, foldSetupIntent([]));
    await this.#write(tenantId, streamIdOf('setup_intent', command.setupIntentId), 0, events);
  }

  async setupIntent(tenantId: string, id: string): Promise<SetupIntent> {
    return foldSetupIntent(await this.#events<SetupIntentEvent>(tenantId, streamIdOf('setup_intent', id)));
  }

  /** Chooses what a customer is offered first. */
  async chooseDefault(tenantId: string, customerId: string, paymentMethodId: string): Promise<void> {
    const streamId = streamIdOf('customer', customerId);
    const events = await this.#events<CustomerEvent>(tenantId, streamId);
    const command = { type: 'SetDefaultPaymentMethod', paymentMethodId, at: new Date().toISOString() } as const;
    await this.#write(tenantId, streamId, events.length, decideCustomer(command, foldCustomer(events)));
  }

  /** Asks for a payment method to be taken from its customer. */
  async detach(tenantId: string, paymentMethodId: string): Promise<void> {
    const streamId = streamIdOf('payment_method', paymentMethodId);
    const events = await this.#events<PaymentMethodEvent>(tenantId, streamId);
    const command = { type: 'DetachPaymentMethod', detachId: randomUUID(), at: new Date().toISOString() } as const;
    await this.#write(tenantId, streamId, events.length, decidePaymentMethod(command, foldPaymentMethod(events)));
  }

  /** A payment of 19.99 USD for which the payer has presented a confirmation token. Gives our ids of the two. */
  async presentedPayment(
    tenantId: string,
    customerId: string,
    token: string,
    methodKinds?: readonly ('card' | 'us_bank_account')[],
  ): Promise<{ paymentId: string; confirmationId: string }> {
    const [paymentId, confirmationId] = [randomUUID(), randomUUID()];
    const terms = { customerId, amount: 1_999, currency: 'usd', captureMethod: 'automatic' } as const;
    await this.command(tenantId, paymentId, { type: 'CreatePayment', paymentId, ...terms });
    await this.present(tenantId, confirmationId, customerId, token);
    await this.command(tenantId, paymentId, { type: 'PresentConfirmation', confirmationId, methodKinds });
    return { paymentId, confirmationId };
  }

  /** Says, as an operator does, that an account at the processor is the tenant's. Gives our id of it. */
  async linkAccount(tenantId: string, processorAccountId: string): Promise<string> {
    const connectedAccountId = randomUUID();
    const command = {
      type: 'LinkConnectedAccount',
      connectedAccountId,
      processorAccountId,
      at: new Date().toISOString(),
    } as const;
    const events = decideConnectedAccount(command, foldConnectedAccount([]));
    await this.#write(tenantId, streamIdOf('connected_account', connectedAccountId), 0, events);
    return connectedAccountId;
  }

  async connectedAccount(tenantId: string, id: string): Promise<ConnectedAccount> {
    const streamId = streamIdOf('connected_account', id);
    return foldConnectedAccount(await this.#events<ConnectedAccountEvent>(tenantId, streamId));
  }

  async payout(tenantId: string, id: string): Promise<Payout> {
    return foldPayout(await this.#events<PayoutEvent>(tenantId, streamIdOf('payout', id)));
  }

  async charge(
    tenantId: string,
    customerId: string,
    paymentMethodId: string,
    { amount = 1_000, currency = 'usd', captureMethod = 'automatic' }: ChargeOptions = {},
  ): Promise<string> {
    const paymentId = randomUUID();
    const terms = { paymentId, customerId, amount, currency, captureMethod, paymentMethodId };
    await this.command(tenantId, paymentId, { type: 'CreatePayment', ...terms });
    return paymentId;
  }

  /** Decides a command on the payment as it is and appends what it gives. */
  async command(tenantId: string, paymentId: string, command: Untimed<PaymentCommand>): Promise<void> {
    const streamId = streamIdOf('payment', paymentId);
    const { state, version } = await this.#payment(tenantId, paymentId);
    const at = new Date().toISOString();
    await this.#write(tenantId, streamId, version, decide({ ...command, at }, state));
  }

  async payment(tenantId: string, paymentId: string): Promise<Payment> {
    return (await this.#payment(tenantId, paymentId)).state;
  }

  async statusOf(tenantId: string, paymentId: string): Promise<string> {
    return statusOf(await this.payment(tenantId, paymentId));
  }

  async customer(tenantId: string, customerId: string): Promise<Customer> {
    return foldCustomer(await this.#events<CustomerEvent>(tenantId, streamIdOf('customer', customerId)));
  }

  async paymentMethod(tenantId: string, id: string): Promise<PaymentMethod> {
    return foldPaymentMethod(await this.#events<PaymentMethodEvent>(tenantId, streamIdOf('payment_method', id)));
  }

  /** A payment's events, in order. */
  events(tenantId: string, paymentId: string): Promise<PaymentEvent[]> {
    return this.#events<PaymentEvent>(tenantId, streamIdOf('payment', paymentId));
  }

  /** The types of a payment's events, in order. */
  async history(tenantId: string, paymentId: string): Promise<string[]> {
    return (await this.events(tenantId, paymentId)).map(({ type }) => type);
  }

  async #payment(tenantId: string, paymentId: string): Promise<{ state: Payment; version: number }> {
    const events = await this.events(tenantId, paymentId);
    return { state: foldPayment(events), version: events.length };
  }

  async #events<E extends DomainEvent>(tenantId: string, streamId: string): Promise<E[]> {
    const shard = await this.#shards.of(tenantId);
    return (await this.#reader.read({ tenantId, shard, streamId })).events.map(({ event }) => event as E);
  }

  async #write(tenantId: string, streamId: string, expectedVersion: number, events: DomainEvent[]): Promise<void> {
    const commandId = randomUUID();
    const [result] = await this.#append(await this.#shards.of(tenantId), [
      {
        tenantId,
        commandId,
        fingerprint: Buffer.from(commandId),
        streamId,
        expectedVersion,
        events,
        correlationId: commandId,
        actor: { type: 'person', subject: 'tester' },
      },
    ]);
    if (result?.status !== 'ok') throw new Error(`append: ${JSON.stringify(result)}`);
  }
}
