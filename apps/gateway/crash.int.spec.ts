import { randomUUID } from 'node:crypto';

import type { Call } from './calls/call.js';
import type { Step } from './operations/perform.js';
import { until } from './testing/clock.js';
import { Workbench } from './testing/workbench.js';

const leaseMs = 60_000;

let bench: Workbench;
beforeEach(async () => {
  bench = await Workbench.open();
});
afterEach(() => bench.close());

/** Lets a gateway die when the first call of `operation` reaches `step`: it stands still there for good. */
const dyingAt = (operation: Call['request']['type'], step: Step) => {
  let died = (): void => undefined;
  const death = new Promise<void>((resolve) => (died = resolve));
  let revive = (): void => undefined;
  const revived = new Promise<void>((resolve) => (revive = resolve));
  const onStep = (reached: Step, call: Call): Promise<void> | undefined => {
    if (reached !== step || call.request.type !== operation) return undefined;
    died();
    return revived;
  };
  return { onStep, death, revive };
};

/** What a kill leaves: the process is gone, its leases run out, another one comes. */
const takeOver = async (): Promise<void> => {
  await bench.stop(0);
  bench.clock.advance(leaseMs + 1_000);
  await bench.gateway();
};

const steps: Step[] = ['taken', 'answered', 'recorded', 'finished'];

describe.each(steps)('a process that dies when a call is %s', (step) => {
  it('has charged once, and what it left is finished by the next', async () => {
    const { onStep, death, revive } = dyingAt('PaymentRequested', step);
    const undead = await bench.gateway({ onStep });
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer);
    await death;
    await takeOver();
    await bench.reaches(paymentId, 'succeeded');
    await bench.idle();
    // The one that was thought dead wakes up: it changes nothing any more.
    revive();
    await undead.close(2_000);
    expect(await bench.intents(payer)).toHaveLength(1);
    expect(await bench.api.history(bench.tenantId, paymentId)).toEqual([
      'PaymentCreated',
      'PaymentRequested',
      'PaymentCaptured',
      'SettlementRecorded',
    ]);
  });

  it('has refunded once', async () => {
    const { onStep, death } = dyingAt('RefundRequested', step);
    await bench.gateway({ onStep });
    const payer = await bench.payer();
    const paymentId = await bench.charge(payer);
    await bench.reaches(paymentId, 'succeeded');
    await bench.command(paymentId, { type: 'RefundPayment', refundId: randomUUID(), amount: 400 });
    await death;
    await takeOver();
    await bench.reaches(paymentId, 'partially_refunded');
    await bench.idle();
    const [intent] = await bench.intents(payer);
    expect(await bench.stripe.list(`/v1/refunds?payment_intent=${intent?.id}`)).toMatchObject([{ amount: 400 }]);
  });

  it('has attached once, with a token that charges', async () => {
    const { onStep, death } = dyingAt('PaymentMethodAttachRequested', step);
    await bench.gateway({ onStep });
    const customerId = await bench.api.createCustomer(bench.tenantId);
    const paymentMethodId = await bench.api.attach(bench.tenantId, customerId);
    await death;
    await takeOver();
    await until(async () => {
      const method = await bench.api.paymentMethod(bench.tenantId, paymentMethodId);
      return method.attachment.phase === 'attached';
    });
    await bench.idle();
    const [processorCustomerId = ''] = (await bench.api.customer(bench.tenantId, customerId)).processorCustomerIds;
    expect(await bench.stripe.list(`/v1/customers/${processorCustomerId}/payment_methods`)).toHaveLength(1);
    const paymentId = await bench.charge({ customerId, paymentMethodId, processorCustomerId });
    await bench.reaches(paymentId, 'succeeded');
  });
});

it('two gateways at once charge each payment once', async () => {
  await bench.gateway();
  const payer = await bench.payer();
  await bench.gateway();
  const paymentIds = await Promise.all(Array.from({ length: 60 }, () => bench.charge(payer)));
  await Promise.all(paymentIds.map((paymentId) => bench.reaches(paymentId, 'succeeded')));
  const intents = await bench.intents(payer);
  expect(new Set(intents.map(({ metadata }) => metadata.paymentId)).size).toBe(60);
  expect(intents).toHaveLength(60);
});

it('a process that wakes up after its lease sends nothing: another has the call, and its key may be forgotten', async () => {
  const { onStep, death, revive } = dyingAt('PaymentRequested', 'taken');
  await bench.gateway({ onStep });
  const payer = await bench.payer();
  const paymentId = await bench.charge(payer);
  await death;
  bench.clock.advance(leaseMs + 1_000);
  await bench.gateway();
  await bench.reaches(paymentId, 'succeeded');
  bench.clock.advance(25 * 3_600_000);
  revive();
  await bench.stop();
  expect(await bench.intents(payer)).toHaveLength(1);
  expect(await bench.api.history(bench.tenantId, paymentId)).toHaveLength(4);
});

it('a call that our own code fails on is parked after five tries, and stops nobody', async () => {
  const onStep = (step: Step, call: Call): void => {
    if (step === 'taken' && 'amount' in call.request && call.request.amount === 666) throw new TypeError('a bug');
  };
  await bench.gateway({ onStep });
  const payer = await bench.payer();
  await bench.charge(payer, { amount: 666 });
  const parked = await until(async () => {
    bench.clock.advance(600_000);
    return (await bench.calls()).find(({ state }) => state === 'parked');
  });
  expect(parked).toMatchObject({ operation: 'payment', last_error: 'TypeError', tries: 5 });
  await bench.reaches(await bench.charge(payer), 'succeeded');
});

it('more calls than fit in hand queue in the table and are all made', async () => {
  await bench.gateway({ maxInFlight: 2 });
  const payer = await bench.payer();
  const paymentIds = await Promise.all(Array.from({ length: 60 }, () => bench.charge(payer)));
  await Promise.all(paymentIds.map((paymentId) => bench.reaches(paymentId, 'succeeded')));
  expect(await bench.intents(payer)).toHaveLength(60);
  await bench.idle();
});
