import { randomUUID } from 'node:crypto';

import type { Call } from './calls/call.js';
import type { Step } from './operations/perform.js';
import type { Payer } from './testing/workbench.js';
import { Workbench } from './testing/workbench.js';

let bench: Workbench;

const leaseMs = 61_000;
const hourMs = 3_600_000;

/** A payer who was asked for something on a page. */
const asked = async (): Promise<{ payer: Payer; paymentId: string; intentId: string }> => {
  const payer = await bench.payer();
  const token = await bench.stripe.confirmationToken('pm_card_threeDSecure2Required');
  const { paymentId } = await bench.api.presentedPayment(bench.tenantId, payer.customerId, token);
  await bench.reaches(paymentId, 'requires_action');
  const [intent] = await bench.intents(payer);
  return { payer, paymentId, intentId: String(intent?.id) };
};

const finish = (paymentId: string) => bench.command(paymentId, { type: 'FinishPaymentAction', actionId: randomUUID() });

const history = async (paymentId: string) => (await bench.api.history(bench.tenantId, paymentId)).slice(4);

const confirmed = ['PaymentActionRequired', 'PaymentActionFinished', 'PaymentCaptured', 'SettlementRecorded'];

describe.each<Step>(['taken', 'answered', 'recorded', 'finished'])(
  'a gateway that is killed when a finished action is %s',
  (step) => {
    afterAll(() => bench.close());

    it('has charged once, and what it left is finished by the next', async () => {
      bench = await Workbench.open();
      let died = (): void => undefined;
      const death = new Promise<void>((resolve) => (died = resolve));
      const onStep = (reached: Step, call: Call): Promise<void> | undefined => {
        if (reached !== step || call.request.type !== 'PaymentActionFinished') return undefined;
        died();
        return new Promise(() => undefined);
      };
      await bench.gateway({ onStep });
      const { payer, paymentId, intentId } = await asked();
      await bench.stripe.authenticate(intentId);
      await finish(paymentId);
      await death;
      await bench.stop(0);
      bench.clock.advance(leaseMs);
      await bench.gateway();
      await bench.reaches(paymentId, 'succeeded');
      await bench.idle();
      expect(await bench.intents(payer)).toMatchObject([{ amount_received: 1_999 }]);
      expect(await history(paymentId)).toEqual(confirmed);
    });
  },
);

describe('an action that is said to be finished', () => {
  beforeAll(async () => {
    bench = await Workbench.open();
    await bench.gateway();
  });
  afterAll(() => bench.close());

  it.each(['timeout_after_effect', 'reset', 'rate_limited', 'server_error'] as const)(
    'is confirmed once where the processor answers with %s',
    async (fault) => {
      const { payer, paymentId, intentId } = await asked();
      await bench.stripe.authenticate(intentId);
      await bench.stripe.arm({ path: `/v1/payment_intents/${intentId}/confirm`, fault });
      await finish(paymentId);
      await bench.reaches(paymentId, 'succeeded', 15_000);
      await bench.idle();
      expect(await bench.intents(payer)).toMatchObject([{ amount_received: 1_999 }]);
      expect(await history(paymentId)).toEqual(confirmed);
    },
    20_000,
  );

  it('is confirmed again under another key where the processor remembers a failure', async () => {
    const { payer, paymentId, intentId } = await asked();
    await bench.stripe.authenticate(intentId);
    const path = `/v1/payment_intents/${intentId}/confirm`;
    await bench.stripe.arm({ path, fault: 'server_error', afterEffect: false, times: 1 });
    await finish(paymentId);
    await bench.reaches(paymentId, 'succeeded', 15_000);
    expect(await bench.intents(payer)).toMatchObject([{ amount_received: 1_999 }]);
  }, 20_000);

  it('and has failed ends the attempt', async () => {
    const { paymentId, intentId } = await asked();
    await bench.stripe.failAuthentication(intentId);
    await finish(paymentId);
    const { attempts } = await bench.reaches(paymentId, 'failed');
    expect(attempts['1']?.stage).toMatchObject({ code: 'payment_intent_authentication_failure' });
  });

  it('and was canceled at the processor ends the payment', async () => {
    const { paymentId, intentId } = await asked();
    await bench.stripe.form(`/v1/payment_intents/${intentId}/cancel`, {});
    await finish(paymentId);
    await bench.reaches(paymentId, 'canceled');
  });

  it('is not charged for a payer who said so hours ago, and is once their page says it again', async () => {
    const { payer, paymentId, intentId } = await asked();
    await bench.stripe.authenticate(intentId);
    await bench.stop();
    await finish(paymentId);
    bench.clock.advance(2 * hourMs);
    await bench.gateway();
    await bench.reaches(paymentId, 'requires_action');
    expect(await history(paymentId)).toEqual([
      'PaymentActionRequired',
      'PaymentActionFinished',
      'PaymentActionStillRequired',
    ]);
    expect(await bench.intents(payer)).toMatchObject([{ amount_received: 0 }]);
  });
});

it('a payment whose payer has finished is not given up because the answer to its request was lost a day ago', async () => {
  bench = await Workbench.open();
  let lost = (): void => undefined;
  const isLost = new Promise<void>((resolve) => (lost = resolve));
  const onStep = (step: Step, { request }: Call): Promise<void> | undefined => {
    if (step !== 'recorded' || request.type !== 'PaymentRequested') return undefined;
    lost();
    return new Promise(() => undefined);
  };
  await bench.gateway({ onStep });
  const { paymentId, intentId } = await asked();
  await isLost;
  await bench.stop(0);
  await bench.stripe.authenticate(intentId);
  bench.clock.advance(24 * hourMs);
  await bench.gateway();
  await bench.idle();
  expect(await bench.api.statusOf(bench.tenantId, paymentId)).toBe('requires_action');
  const intents = await bench.stripe.list<{ id: string; status: string }>('/v1/payment_intents?limit=10');
  expect(intents).toMatchObject([{ id: intentId, status: 'requires_confirmation' }]);
  await bench.close();
});
