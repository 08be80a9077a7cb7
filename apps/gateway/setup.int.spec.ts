import { randomUUID } from 'node:crypto';

import { setupIntents } from '#command-handling/facts';
import type { CreateSetupIntent, SetupIntent } from '#domain/setup-intent';
import { setupIntentStatusOf } from '#domain/setup-intent';
import type { Pool } from 'pg';

import type { Call } from './calls/call.js';
import type { Step } from './operations/perform.js';
import type { Untimed } from './testing/api.js';
import { until } from './testing/clock.js';
import { hear } from './testing/hear.js';
import { Workbench } from './testing/workbench.js';

const leaseMs = 60_000;

let bench: Workbench;
let ears: Pool;
/** Where the gateway that runs stands still for good. */
let end: { operation: Call['request']['type']; step: Step; reached: () => void } | undefined;

const onStep = (step: Step, call: Call): Promise<void> | undefined => {
  if (end?.step !== step || call.request.type !== end.operation) return undefined;
  end.reached();
  return new Promise(() => undefined);
};

const dyingAt = (operation: Call['request']['type'], step: Step): Promise<void> =>
  new Promise((reached) => {
    end = { operation, step, reached };
  });

/** What a kill leaves: the process is gone, its leases run out, another one comes. */
const takeOver = async (): Promise<void> => {
  end = undefined;
  await bench.stop(0);
  bench.clock.advance(leaseMs + 1_000);
  await bench.gateway({ onStep, timeoutMs: 5_000 });
};

beforeAll(async () => {
  bench = await Workbench.open();
  ears = bench.database.pool('billing_webhook_ingest');
  await bench.gateway({ onStep, timeoutMs: 5_000 });
});
afterAll(() => bench.close());

type Wanted = Partial<Untimed<CreateSetupIntent>> & { confirmationToken?: string };

/** Asks for a setup as the api does, the token first. Gives its id. */
const ask = async (customerId: string, { confirmationToken, ...wanted }: Wanted = {}): Promise<string> => {
  const setupIntentId = randomUUID();
  const confirmationId = confirmationToken === undefined ? undefined : randomUUID();
  if (confirmationId !== undefined && confirmationToken !== undefined) {
    await bench.api.present(bench.tenantId, confirmationId, customerId, confirmationToken);
  }
  await bench.api.setUp(bench.tenantId, {
    type: 'CreateSetupIntent',
    setupIntentId,
    customerId,
    paymentMethodId: randomUUID(),
    methodKinds: ['card', 'us_bank_account'],
    usage: 'off_session',
    ...(confirmationId !== undefined && { confirmationId }),
    ...wanted,
  });
  return setupIntentId;
};

const setupOf = (id: string): Promise<SetupIntent> => bench.api.setupIntent(bench.tenantId, id);

/** Waits until the setup has `status`, with nothing left to do. */
const reaches = (id: string, status: string): Promise<SetupIntent> =>
  until(async () => {
    const intent = await setupOf(id);
    return intent.stage.phase !== 'requested' && setupIntentStatusOf(intent) === status && intent;
  });

const attached = (paymentMethodId: string) =>
  until(async () => {
    const method = await bench.api.paymentMethod(bench.tenantId, paymentMethodId);
    return method.attachment.phase === 'attached' && method;
  });

/** A webhook has told of the setup. */
const hearOf = (setupIntentId: string, processorSetupIntentId: string): Promise<void> => {
  const look = { lookupId: randomUUID(), processorSetupIntentId, reason: 'succeeded', at: new Date().toISOString() };
  return hear(ears, bench.tenantId, setupIntents, ['setup_intent', setupIntentId], {
    type: 'RequestSetupIntentLookup',
    ...look,
  });
};

/** What the payer's browser was told, opened as the api does. */
const secretOf = async (id: string): Promise<string | undefined> => {
  const { rows } = await bench.database.admin.query<{ sealed: string }>(
    'select sealed from billing.client_secret where payment_id = $1 and attempt = 0',
    [id],
  );
  const place = { tenantId: bench.tenantId, table: 'client_secret', column: 'sealed', row: `${id}:0` };
  return rows[0] && bench.api.keys.openClientSecret(place, rows[0].sealed);
};

interface ProcessorMethodRow {
  id: string;
  metadata: Record<string, string>;
}

const methodsAtProcessor = async (customerId: string): Promise<ProcessorMethodRow[]> => {
  const [processorCustomerId = ''] = (await bench.api.customer(bench.tenantId, customerId)).processorCustomerIds;
  return bench.stripe.list<ProcessorMethodRow>(`/v1/customers/${processorCustomerId}/payment_methods`);
};

const setupsAtProcessor = async (customerId: string): Promise<{ id: string }[]> => {
  const [processorCustomerId = ''] = (await bench.api.customer(bench.tenantId, customerId)).processorCustomerIds;
  return bench.stripe.list(`/v1/setup_intents?customer=${processorCustomerId}`);
};

const customer = (): Promise<string> => bench.api.createCustomer(bench.tenantId);

describe('a setup without a confirmation token', () => {
  it('waits for the payer, whose browser can go on with a secret that lies sealed', async () => {
    const id = await ask(await customer());
    const { processorSetupIntentId } = await reaches(id, 'requires_payment_method');
    expect(processorSetupIntentId).toMatch(/^seti_/);
    expect(await secretOf(id)).toContain(`${processorSetupIntentId}_secret_`);
  });

  it('succeeds once the payer has confirmed it and the gateway has looked', async () => {
    const customerId = await customer();
    const id = await ask(customerId);
    const { processorSetupIntentId = '', paymentMethodId } = await reaches(id, 'requires_payment_method');
    await bench.stripe.form(`/v1/setup_intents/${processorSetupIntentId}/confirm`, { payment_method: 'pm_card_visa' });
    await hearOf(id, processorSetupIntentId);
    await reaches(id, 'succeeded');
    await attached(paymentMethodId);
    const payer = { customerId, paymentMethodId, processorCustomerId: '' };
    await bench.reaches(await bench.charge(payer), 'succeeded');
  });
});

describe('a setup with a confirmation token', () => {
  it('succeeds at once, and its payment method can be charged', async () => {
    const customerId = await customer();
    const id = await ask(customerId, { confirmationToken: await bench.stripe.confirmationToken() });
    const { paymentMethodId, stage } = await reaches(id, 'succeeded');
    expect(stage).toMatchObject({ methodKind: 'card' });
    await attached(paymentMethodId);
    expect(await methodsAtProcessor(customerId)).toMatchObject([
      { metadata: { tenantId: bench.tenantId, paymentMethodId } },
    ]);
    const payer = { customerId, paymentMethodId, processorCustomerId: '' };
    await bench.reaches(await bench.charge(payer), 'succeeded');
    const events = JSON.stringify((await bench.database.admin.query('select data from billing.event')).rows);
    expect(events).not.toMatch(/ctoken_|pm_[A-Za-z0-9]{8}|_secret_/);
  });

  it('that the bank declines can be tried again by the payer', async () => {
    const id = await ask(await customer(), {
      confirmationToken: await bench.stripe.confirmationToken('pm_card_chargeDeclined'),
    });
    const { stage, processorSetupIntentId } = await reaches(id, 'requires_payment_method');
    expect(stage).toMatchObject({ phase: 'failed', code: 'card_declined' });
    expect(processorSetupIntentId).toMatch(/^seti_/);
  });

  it('asks the payer to prove who they are, and goes on when they have', async () => {
    const id = await ask(await customer(), {
      confirmationToken: await bench.stripe.confirmationToken('pm_card_authenticationRequired'),
    });
    const { processorSetupIntentId = '', paymentMethodId } = await reaches(id, 'requires_action');
    expect(await secretOf(id)).toBeDefined();
    await bench.stripe.post(`/sandbox/setup_intents/${processorSetupIntentId}/authenticate`, { outcome: 'succeed' });
    await hearOf(id, processorSetupIntentId);
    await reaches(id, 'succeeded');
    await attached(paymentMethodId);
  });

  it('that is used up is over: the processor never makes it', async () => {
    const customerId = await customer();
    const confirmationToken = await bench.stripe.confirmationToken();
    await reaches(await ask(customerId, { confirmationToken }), 'succeeded');
    const { stage, processorSetupIntentId } = await reaches(await ask(customerId, { confirmationToken }), 'canceled');
    expect(stage.phase).toBe('failed');
    expect(processorSetupIntentId).toBeUndefined();
  });
});

it('a setup of which the answer was lost is found, and made once', async () => {
  const customerId = await customer();
  await reaches(await ask(customerId), 'requires_payment_method');
  await bench.stripe.arm({ path: '/v1/setup_intents', fault: 'server_error', afterEffect: true });
  const id = await ask(customerId, { confirmationToken: await bench.stripe.confirmationToken() });
  const { paymentMethodId } = await reaches(id, 'succeeded');
  await attached(paymentMethodId);
  expect(await setupsAtProcessor(customerId)).toHaveLength(2);
  expect(await methodsAtProcessor(customerId)).toHaveLength(1);
});

it('a setup that is said to be another one is not taken for it', async () => {
  const mine = await ask(await customer());
  const theirs = await ask(await customer());
  await reaches(mine, 'requires_payment_method');
  const { processorSetupIntentId = '' } = await reaches(theirs, 'requires_payment_method');
  await bench.stripe.form(`/v1/setup_intents/${processorSetupIntentId}/confirm`, { payment_method: 'pm_card_visa' });
  await hearOf(mine, processorSetupIntentId);
  await hearOf(theirs, processorSetupIntentId);
  await reaches(theirs, 'succeeded');
  await bench.idle();
  expect((await setupOf(mine)).stage.phase).toBe('created');
});

describe('detaching', () => {
  it('takes the payment method from its customer, who has no default then', async () => {
    const payer = await bench.payer();
    await bench.api.chooseDefault(bench.tenantId, payer.customerId, payer.paymentMethodId);
    await bench.api.detach(bench.tenantId, payer.paymentMethodId);
    const method = await until(async () => {
      const found = await bench.api.paymentMethod(bench.tenantId, payer.paymentMethodId);
      return found.detached === true && found;
    });
    expect(method.detachments).toEqual(expect.objectContaining({}));
    expect(await methodsAtProcessor(payer.customerId)).toEqual([]);
    expect(await bench.api.customer(bench.tenantId, payer.customerId)).not.toHaveProperty('defaultPaymentMethodId');
  });

  it('what is detached at the processor already is a success', async () => {
    const payer = await bench.payer();
    const [{ id } = { id: '' }] = await methodsAtProcessor(payer.customerId);
    await bench.stripe.form(`/v1/payment_methods/${id}/detach`, {});
    await bench.api.detach(bench.tenantId, payer.paymentMethodId);
    await until(async () => (await bench.api.paymentMethod(bench.tenantId, payer.paymentMethodId)).detached === true);
  });
});

describe('a gateway that dies', () => {
  it.each<Step>(['taken', 'answered', 'recorded', 'finished'])(
    'when a setup is %s has set up one payment method, which the next one attaches',
    async (step) => {
      const customerId = await customer();
      const death = dyingAt('SetupIntentRequested', step);
      const id = await ask(customerId, { confirmationToken: await bench.stripe.confirmationToken() });
      await death;
      await takeOver();
      const { paymentMethodId } = await reaches(id, 'succeeded');
      await attached(paymentMethodId);
      await bench.idle();
      expect(await setupsAtProcessor(customerId)).toHaveLength(1);
      expect(await methodsAtProcessor(customerId)).toHaveLength(1);
    },
  );

  it('when a detachment is answered has it recorded by the next one', async () => {
    const payer = await bench.payer();
    const death = dyingAt('PaymentMethodDetachRequested', 'answered');
    await bench.api.chooseDefault(bench.tenantId, payer.customerId, payer.paymentMethodId);
    await bench.api.detach(bench.tenantId, payer.paymentMethodId);
    await death;
    await takeOver();
    await until(async () => (await bench.api.paymentMethod(bench.tenantId, payer.paymentMethodId)).detached === true);
    expect(await bench.api.customer(bench.tenantId, payer.customerId)).not.toHaveProperty('defaultPaymentMethodId');
  });
});
