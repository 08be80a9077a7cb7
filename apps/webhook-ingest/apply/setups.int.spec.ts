import { randomUUID } from 'node:crypto';

import type { CustomerEvent } from '#domain/customer';
import { foldCustomer } from '#domain/customer';
import type { PaymentMethodEvent } from '#domain/payment-method';
import type { SetupIntentEvent } from '#domain/setup-intent';
import { tokenDigest } from '#processor';

import type { Payer } from './testing/bench.js';
import { Bench } from './testing/bench.js';
import type { StripeEvent } from './testing/stripe-events.js';
import { eventOf, paymentMethod, stripeId } from './testing/stripe-events.js';

let bench: Bench;
let other: string;
beforeAll(async () => {
  bench = await Bench.open();
  other = await bench.database.addTenant();
  bench.apply();
});
afterAll(() => bench.close());

const at = '2026-11-01T10:00:00.000Z';
const applied = (outcome: string) => expect.objectContaining({ state: 'applied', outcome, reason: null }) as unknown;
const quarantined = (reason: string) => expect.objectContaining({ state: 'quarantined', reason }) as unknown;

interface Asked {
  setupIntentId: string;
  /** Fields by which the processor names it and says whose it is. */
  fields: { id: string; customer: string; metadata: Record<string, string> };
}

/** A setup that was asked for; `known` where the gateway has heard its id. */
const asked = async ({ tenantId, customerId, processorCustomerId }: Payer, known = true): Promise<Asked> => {
  const setupIntentId = randomUUID();
  const id = stripeId('seti');
  const requested: SetupIntentEvent = {
    type: 'SetupIntentRequested',
    setupIntentId,
    customerId,
    paymentMethodId: randomUUID(),
    methodKinds: ['card'],
    usage: 'off_session',
    at,
  };
  await bench.append('api', tenantId, 'setup_intent', setupIntentId, [requested]);
  if (known) {
    const created: SetupIntentEvent = { type: 'SetupIntentCreated', processorSetupIntentId: id, at };
    await bench.append('gateway', tenantId, 'setup_intent', setupIntentId, [created]);
  }
  return { setupIntentId, fields: { id, customer: processorCustomerId, metadata: { tenantId, setupIntentId } } };
};

const told = (change: string, { fields }: Asked, more: object = {}): StripeEvent =>
  eventOf(`setup_intent.${change}`, { object: 'setup_intent', payment_method: stripeId('pm'), ...fields, ...more });

const looks = async (tenantId: string, { setupIntentId }: Asked): Promise<string[]> => {
  const events = await bench.events<SetupIntentEvent>(tenantId, 'setup_intent', setupIntentId);
  return events.flatMap((event) => (event.type === 'SetupIntentLookupRequested' ? [event.reason] : []));
};

describe('a setup', () => {
  it('is looked at whenever it is heard of', async () => {
    const payer = await bench.payer();
    const setup = await asked(payer);
    const heard = [
      ['requires_action', 'action_required'],
      ['setup_failed', 'failed'],
      ['canceled', 'canceled'],
      ['succeeded', 'succeeded'],
    ] as const;
    for (const [change] of heard) expect(await bench.heard(told(change, setup))).toEqual(applied('looked_up'));
    expect(await looks(payer.tenantId, setup)).toEqual(heard.map(([, reason]) => reason));
  });

  it('is looked at before the gateway has its answer', async () => {
    expect(await bench.heard(told('succeeded', await asked(await bench.payer(), false)))).toEqual(applied('looked_up'));
  });

  it('that has succeeded needs no look', async () => {
    const payer = await bench.payer();
    const setup = await asked(payer);
    const { id: processorSetupIntentId } = setup.fields;
    await bench.append('gateway', payer.tenantId, 'setup_intent', setup.setupIntentId, [
      { type: 'SetupIntentSucceeded', processorSetupIntentId, methodKind: 'card', at },
    ]);
    expect(await bench.heard(told('succeeded', setup))).toEqual(applied('nothing_new'));
  });

  it('of another id, customer or tenant is not taken for it', async () => {
    const [payer, second, theirs] = [await bench.payer(), await bench.payer(), await bench.payer(other)];
    const setup = await asked(payer);
    const claim = (more: object) => bench.heard(told('succeeded', setup, more));
    expect(await claim({ id: stripeId('seti') })).toEqual(quarantined('object_mismatch'));
    expect(await claim({ customer: second.processorCustomerId })).toEqual(quarantined('customer_mismatch'));
    expect(await claim({ customer: theirs.processorCustomerId })).toEqual(quarantined('customer_mismatch'));
    const { setupIntentId } = setup;
    expect(await claim({ metadata: { tenantId: randomUUID(), setupIntentId } })).toEqual(quarantined('tenant_unknown'));
    expect(await claim({ metadata: { setupIntentId } })).toEqual(quarantined('no_tenant'));
    expect(await bench.heard({ ...told('succeeded', setup), account: stripeId('acct') })).toEqual(
      quarantined('account_mismatch'),
    );
    expect(await looks(payer.tenantId, setup)).toEqual([]);
  });

  it('that we did not make is none of ours', async () => {
    const { processorCustomerId: customer } = await bench.payer();
    const foreign = { id: stripeId('seti'), object: 'setup_intent', payment_method: null, customer, metadata: {} };
    expect(await bench.heard(eventOf('setup_intent.setup_failed', foreign))).toMatchObject({
      state: 'ignored',
      reason: 'not_mirrored',
    });
  });
});

describe('a payment method that was detached', () => {
  const attached = async ({ tenantId, customerId }: Payer): Promise<{ paymentMethodId: string; token: string }> => {
    const [paymentMethodId, token] = [randomUUID(), stripeId('pm')];
    await bench.database.admin.query(
      `insert into billing.processor_token (tenant_id, payment_method_id, customer_id, sealed, token_digest)
       values ($1, $2, $3, 'sealed', $4)`,
      [tenantId, paymentMethodId, customerId, tokenDigest(token)],
    );
    const requested: PaymentMethodEvent = {
      ...{ type: 'PaymentMethodAttachRequested', paymentMethodId, customerId, kind: 'card', at },
    };
    await bench.append('api', tenantId, 'payment_method', paymentMethodId, [requested]);
    const done: PaymentMethodEvent = { type: 'PaymentMethodAttached', details: 'sealed', at };
    await bench.append('gateway', tenantId, 'payment_method', paymentMethodId, [done]);
    const chosen: CustomerEvent = { type: 'CustomerDefaultPaymentMethodSet', paymentMethodId, at };
    await bench.append('api', tenantId, 'customer', customerId, [chosen]);
    return { paymentMethodId, token };
  };
  const defaultOf = async ({ tenantId, customerId }: Payer): Promise<string | undefined> =>
    foldCustomer(await bench.events<CustomerEvent>(tenantId, 'customer', customerId)).defaultPaymentMethodId;

  it('at the processor is its customer’s default no more', async () => {
    const payer = await bench.payer();
    const { paymentMethodId, token: id } = await attached(payer);
    expect(await defaultOf(payer)).toBe(paymentMethodId);
    const { tenantId, processorCustomerId: customer } = payer;
    const event = paymentMethod('detached', { id, metadata: { tenantId, paymentMethodId } }, { customer });
    expect(await bench.heard(event)).toEqual(applied('recorded'));
    expect(await defaultOf(payer)).toBeUndefined();
  });

  it('because we have asked for it is left to the answer that whoever asked waits for', async () => {
    const payer = await bench.payer();
    const { paymentMethodId, token: id } = await attached(payer);
    const { tenantId, processorCustomerId: customer } = payer;
    const requested: PaymentMethodEvent = { type: 'PaymentMethodDetachRequested', detachId: randomUUID(), at };
    await bench.append('api', tenantId, 'payment_method', paymentMethodId, [requested]);
    const event = paymentMethod('detached', { id, metadata: { tenantId, paymentMethodId } }, { customer });
    expect(await bench.heard(event)).toEqual(applied('nothing_new'));
  });
});
