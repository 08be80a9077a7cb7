import type { DomainEvent, RecordedEvent } from '#contracts';
import { parseStreamId, streamIdOf } from '#contracts';
import type { AccountStanding, ConnectedAccountEvent } from '#domain/connected-account';
import { foldConnectedAccount, recordConnectedAccount } from '#domain/connected-account';
import type { PaymentEvent, PaymentFact } from '#domain/payment';
import { decide, foldPayment } from '#domain/payment';
import type { PaymentMethodEvent } from '#domain/payment-method';
import { decidePaymentMethod, foldPaymentMethod } from '#domain/payment-method';
import type { SetupIntentEvent, SetupIntentFact } from '#domain/setup-intent';
import { decideSetupIntent, foldSetupIntent } from '#domain/setup-intent';
import type { AppendBatch } from '#event-store';
import { StreamReader, TenantShards, appendOver } from '#event-store';
import {
  Keys,
  LocalKeyManagement,
  PostgresSubjectKeyStore,
  PostgresTenantKeyStore,
  clientSecretPlace,
  methodDetailsPlace,
  onlyAttempt,
} from '#keys';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';

const at = '2026-11-02T10:00:00.000Z';

/** Appends what the processor would have answered, with the gateway's role and through the deciders. */
export class ProcessorStandIn {
  private constructor(
    private readonly append: AppendBatch,
    private readonly reader: StreamReader,
    private readonly shards: TenantShards,
    private readonly keys: Keys,
    private readonly pool: Pool,
  ) {}

  static async open(database: TestDatabase, dataDirectory: string): Promise<ProcessorStandIn> {
    const pool = database.pool('billing_gateway');
    const kms = await LocalKeyManagement.open({ path: join(dataDirectory, 'keyring.json'), environment: 'test' });
    const keys = new Keys({
      app: 'gateway',
      environment: 'test',
      kms,
      tenantKeys: new PostgresTenantKeyStore(pool),
      subjectKeys: new PostgresSubjectKeyStore(pool),
    });
    return new ProcessorStandIn(
      appendOver(pool),
      new StreamReader(pool, { acrossTenants: true }),
      new TenantShards(pool),
      keys,
      pool,
    );
  }

  /** The fact, as an outcome of the stream's newest request. */
  async report(tenantId: string, paymentId: string, fact: PaymentFact): Promise<void> {
    await this.#record(tenantId, streamIdOf('payment', paymentId), (events) =>
      decide(fact, foldPayment(events.map(({ event }) => event as PaymentEvent))),
    );
  }

  /** The newest attempt waits for its payer, whose browser finishes it with a client secret. */
  async asksForAction(tenantId: string, paymentId: string, clientSecret: string): Promise<void> {
    await this.#keepSecret(tenantId, paymentId, 1, clientSecret);
    const processorPaymentId = `pi_${paymentId}`;
    const fact = {
      type: 'RecordActionRequired',
      attempt: 1,
      processorPaymentId,
      action: 'use_stripe_sdk',
      at,
    } as const;
    await this.report(tenantId, paymentId, fact);
  }

  /** The newest attempt was charged, or authorized where it is to be captured later. */
  async charges(tenantId: string, paymentId: string): Promise<void> {
    const events = await this.eventsOf(tenantId, streamIdOf('payment', paymentId));
    const request = events
      .map(({ event }) => event as PaymentEvent)
      .findLast(({ type }) => type === 'PaymentRequested');
    if (request?.type !== 'PaymentRequested') throw new Error('no attempt was requested');
    const { attempt, amount, captureMethod } = request;
    const processorPaymentId = `pi_${paymentId}`;
    await this.report(
      tenantId,
      paymentId,
      captureMethod === 'manual'
        ? { type: 'RecordAuthorization', attempt, processorPaymentId, amount, at }
        : { type: 'RecordCapture', attempt, captureId: randomUUID(), processorPaymentId, amount, final: true, at },
    );
  }

  async attaches(tenantId: string, customerId: string, paymentMethodId: string): Promise<void> {
    const details = await this.keys.sealPersonal(
      methodDetailsPlace(tenantId, customerId, paymentMethodId),
      JSON.stringify({ brand: 'visa', last4: '4242', expMonth: 12, expYear: 2034 }),
    );
    await this.#onMethod(tenantId, paymentMethodId, { type: 'RecordPaymentMethodAttached', details, at });
  }

  async refusesMethod(tenantId: string, paymentMethodId: string, code = 'card_declined'): Promise<void> {
    await this.#onMethod(tenantId, paymentMethodId, { type: 'RecordPaymentMethodAttachFailed', code, at });
  }

  /** The processor has taken the payment method from its customer, as it was asked. */
  async detaches(tenantId: string, paymentMethodId: string): Promise<void> {
    await this.#onMethod(tenantId, paymentMethodId, { type: 'RecordPaymentMethodDetached', at });
  }

  async refusesToDetach(tenantId: string, paymentMethodId: string): Promise<void> {
    const streamId = streamIdOf('payment_method', paymentMethodId);
    const { event } = (await this.eventsOf(tenantId, streamId)).at(-1) as RecordedEvent<PaymentMethodEvent>;
    if (event.type !== 'PaymentMethodDetachRequested') throw new Error('no detachment was requested');
    const fact = { type: 'RecordPaymentMethodDetachFailed', detachId: event.detachId, code: 'not_now', at } as const;
    await this.#onMethod(tenantId, paymentMethodId, fact);
  }

  /** How a setup stands, with what its payer's browser goes on with. */
  async setsUp(tenantId: string, setupIntentId: string, fact: SetupIntentFact, clientSecret?: string): Promise<void> {
    if (clientSecret !== undefined) await this.#keepSecret(tenantId, setupIntentId, onlyAttempt, clientSecret);
    await this.#record(tenantId, streamIdOf('setup_intent', setupIntentId), (events) =>
      decideSetupIntent(fact, foldSetupIntent(events.map(({ event }) => event as SetupIntentEvent))),
    );
  }

  /** The gateway has looked at a connected account. */
  async findsAccount(tenantId: string, connectedAccountId: string, standing: AccountStanding): Promise<void> {
    await this.#record(tenantId, streamIdOf('connected_account', connectedAccountId), (events) =>
      recordConnectedAccount(
        { type: 'RecordConnectedAccount', ...standing, at },
        foldConnectedAccount(events.map(({ event }) => event as ConnectedAccountEvent)),
      ),
    );
  }

  async eventsOf(tenantId: string, streamId: string): Promise<RecordedEvent[]> {
    const shard = await this.shards.of(tenantId);
    return (await this.reader.read({ tenantId, shard, streamId })).events;
  }

  async #keepSecret(tenantId: string, id: string, attempt: number, clientSecret: string): Promise<void> {
    const place = clientSecretPlace(tenantId, id, attempt);
    await this.pool.query(
      `insert into billing.client_secret (tenant_id, payment_id, attempt, sealed, expires_at) values ($1, $2, $3, $4, now() + interval '1 day')
       on conflict do nothing`,
      [tenantId, id, attempt, await this.keys.sealClientSecret(place, clientSecret)],
    );
  }

  async #onMethod(
    tenantId: string,
    paymentMethodId: string,
    fact: Parameters<typeof decidePaymentMethod>[0],
  ): Promise<void> {
    await this.#record(tenantId, streamIdOf('payment_method', paymentMethodId), (events) =>
      decidePaymentMethod(fact, foldPaymentMethod(events.map(({ event }) => event as PaymentMethodEvent))),
    );
  }

  async #record(
    tenantId: string,
    streamId: string,
    decideOn: (events: RecordedEvent[]) => DomainEvent[],
  ): Promise<void> {
    const past = await this.eventsOf(tenantId, streamId);
    const request = past.findLast(({ type }) => /(Requested|Linked)$/.test(type));
    if (!request) throw new Error(`nothing was requested of ${parseStreamId(streamId).aggregate}`);
    const [result] = await this.append(await this.shards.of(tenantId), [
      {
        tenantId,
        commandId: randomUUID(),
        fingerprint: Buffer.alloc(32),
        streamId,
        expectedVersion: past.length,
        events: decideOn(past),
        correlationId: request.metadata.correlationId,
        actor: { type: 'system', subject: 'gateway' },
      },
    ]);
    if (result?.status !== 'ok') throw new Error(`the outcome was not appended: ${result?.status}`);
  }
}
