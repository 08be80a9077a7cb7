import { randomUUID } from 'node:crypto';

import { payments } from '#command-handling/facts';
import type { PaymentFact } from '#domain/payment';

import { hear } from './testing/hear.js';
import { until } from './testing/clock.js';
import { Workbench } from './testing/workbench.js';

let bench: Workbench;
beforeAll(async () => {
  bench = await Workbench.open();
  await bench.gateway();
});
afterAll(() => bench.close());

const secretOf = async (intentId: string): Promise<string> => {
  const response = await fetch(`${bench.sandbox.url}/v1/payment_intents/${intentId}`, {
    headers: { authorization: 'Bearer sk_test_sandbox' },
  });
  return ((await response.json()) as { client_secret: string }).client_secret;
};

const told = (paymentId: string, fact: PaymentFact) =>
  hear(bench.database.pool('billing_webhook_ingest'), bench.tenantId, payments, ['payment', paymentId], fact);

/** A payment without a payer present, whose first attempt has failed after the bank has asked; and what that has left at the processor. */
const failedOnce = async () => {
  const payer = await bench.payer('pm_card_threeDSecure2Required');
  const paymentId = await bench.charge(payer);
  await bench.reaches(paymentId, 'requires_action');
  const [intent] = await bench.intents(payer);
  const intentId = String(intent?.id);
  await bench.stripe.failAuthentication(intentId);
  const lookupId = randomUUID();
  const at = new Date().toISOString();
  await told(paymentId, {
    type: 'RequestPaymentLookup',
    lookupId,
    processorPaymentId: intentId,
    reason: 'failed',
    at,
  });
  await bench.reaches(paymentId, 'failed');
  const paymentMethodId = await bench.api.attach(bench.tenantId, payer.customerId);
  await until(
    async () => (await bench.api.paymentMethod(bench.tenantId, paymentMethodId)).attachment.phase === 'attached',
  );
  const again = () => bench.command(paymentId, { type: 'ConfirmPayment', paymentMethodId });
  return { payer, paymentId, intentId, clientSecret: await secretOf(intentId), again };
};

const pastUs = async (clientSecret: string) =>
  bench.stripe.confirmInBrowser(clientSecret, await bench.stripe.confirmationToken());

const amountsTaken = async (payer: Parameters<Workbench['intents']>[0]) =>
  (await bench.intents(payer)).map(({ amount_received }) => amount_received).filter((amount) => amount > 0);

describe('what a failed attempt has left at the processor', () => {
  it('is canceled before the next attempt, so that nobody can pay it beside that one', async () => {
    const { payer, paymentId, clientSecret, again } = await failedOnce();
    await again();
    await bench.reaches(paymentId, 'succeeded');
    const { status, text } = await pastUs(clientSecret);
    expect([status, JSON.parse(text)]).toMatchObject([400, { error: { code: 'payment_intent_unexpected_state' } }]);
    expect(await amountsTaken(payer)).toEqual([1_000]);
  });

  it('and was paid in the meantime is recorded, and the next attempt is not sent', async () => {
    const { payer, paymentId, clientSecret, again } = await failedOnce();
    expect((await pastUs(clientSecret)).status).toBe(200);
    await again();
    const payment = await bench.reaches(paymentId, 'succeeded');
    expect(payment.attempts['2']?.stage).toMatchObject({ phase: 'failed', code: 'earlier_attempt_open' });
    expect(await amountsTaken(payer)).toEqual([1_000]);
    expect(await bench.intents(payer)).toHaveLength(1);
  });

  it('and of which the cancellation is not answered is canceled again, before anything is sent', async () => {
    const { payer, paymentId, intentId, again } = await failedOnce();
    const path = `/v1/payment_intents/${intentId}/cancel`;
    await bench.stripe.arm({ path, fault: 'timeout_after_effect' });
    await bench.stripe.arm({ path, fault: 'server_error' });
    await again();
    await bench.reaches(paymentId, 'succeeded', 15_000);
    expect(await amountsTaken(payer)).toEqual([1_000]);
    await bench.stripe.calm();
  }, 20_000);

  it('does not end the payment: a third attempt is made after the second has failed too', async () => {
    const { payer, paymentId, intentId, again } = await failedOnce();
    const declined = await bench.api.attach(bench.tenantId, payer.customerId, 'pm_card_chargeCustomerFail');
    await until(async () => (await bench.api.paymentMethod(bench.tenantId, declined)).attachment.phase === 'attached');
    await bench.command(paymentId, { type: 'ConfirmPayment', paymentMethodId: declined });
    await bench.reaches(paymentId, 'failed');
    const at = new Date().toISOString();
    // As the event of the cancellation has it looked at.
    await told(paymentId, {
      type: 'RequestPaymentLookup',
      lookupId: randomUUID(),
      processorPaymentId: intentId,
      reason: 'canceled',
      at,
    });
    await bench.idle();
    await again();
    const payment = await bench.reaches(paymentId, 'succeeded');
    expect(payment.attempts['1']?.stage.phase).toBe('failed');
    expect(await amountsTaken(payer)).toEqual([1_000]);
  });
});
