/** A story of payments that any stand-in for Stripe can be told, and what it says to each chapter. */
import type Stripe from 'stripe';

/** How a stand-in is told what the real thing finds out by itself. */
export interface Ways {
  /** The payment method for a card that pays, wants authentication, or is declined when it is charged or kept. */
  method(card: 'pays' | 'authenticates' | 'declined' | 'not_kept'): Promise<string>;
  /** The customer answers 3D Secure. */
  authenticate(intent: Stripe.PaymentIntent, passes: boolean): Promise<void>;
}

const refusal = async (attempt: Promise<unknown>): Promise<{ statusCode: number; code: string | undefined }> => {
  try {
    await attempt;
  } catch (error) {
    const { statusCode, code } = error as { statusCode: number; code?: string };
    return { statusCode, code };
  }
  throw new Error('What should have been refused was done');
};

const facts = ({ status, amount, currency }: Stripe.PaymentIntent) => ({ status, amount, currency });

const chargeOf = async (stripe: Stripe, id: string) => {
  const { latest_charge } = await stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] });
  const { amount, amount_refunded, captured, currency, paid, refunded, status } = latest_charge as Stripe.Charge;
  return { amount, amount_refunded, captured, currency, paid, refunded, status };
};

/** Tells the story. The result has no ids and no times: two stand-ins that agree give the same one. */
export const tellPayments = async (stripe: Stripe, ways: Ways): Promise<Record<string, unknown>> => {
  const customer = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny', metadata: { a: 'b' } });
  const { id: token } = await stripe.paymentMethods.attach(await ways.method('pays'), { customer: customer.id });
  const pay = async (payment_method: string, more: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    stripe.paymentIntents.create({ amount: 5_000, currency: 'usd', customer: customer.id, payment_method, ...more });
  const kept = await stripe.paymentMethods.list({ customer: customer.id, type: 'card' });

  const made = await pay(token, { metadata: { order: '7' } });
  const confirmed = await stripe.paymentIntents.confirm(made.id);
  const part = await stripe.refunds.create({ payment_intent: made.id, amount: 1_500 });
  const afterPart = await chargeOf(stripe, made.id);
  await stripe.refunds.create({ payment_intent: made.id, amount: 3_500 });
  const afterAll = await chargeOf(stripe, made.id);

  const held = await pay(token, { capture_method: 'manual', confirm: true });
  const captured = await stripe.paymentIntents.capture(held.id, { amount_to_capture: 2_000 });
  const afterCapture = await chargeOf(stripe, held.id);
  const canceled = await stripe.paymentIntents.cancel((await pay(token)).id);

  const secure = await ways.method('authenticates');
  await stripe.paymentMethods.attach(secure, { customer: customer.id });
  const asked = await pay(secure, { confirm: true });
  await ways.authenticate(asked, true);
  const passed = await stripe.paymentIntents.retrieve(asked.id);
  const askedAgain = await pay(secure, { confirm: true });
  await ways.authenticate(askedAgain, false);
  const failed = await stripe.paymentIntents.retrieve(askedAgain.id);

  const { id: bad } = await stripe.paymentMethods.attach(await ways.method('declined'), { customer: customer.id });
  const doomed = await pay(bad);
  const declined = await refusal(stripe.paymentIntents.confirm(doomed.id));
  const notKept = await ways
    .method('not_kept')
    .then((id) => refusal(stripe.paymentMethods.attach(id, { customer: customer.id })));

  return {
    customer: { email: customer.email, name: customer.name, metadata: customer.metadata },
    kept: kept.data.map(({ card, type }) => [type, card?.brand, card?.last4]),
    made: { ...facts(made), metadata: made.metadata },
    confirmed: facts(confirmed),
    part: { amount: part.amount, status: part.status, currency: part.currency },
    afterPart,
    afterAll,
    held: facts(held),
    captured: facts(captured),
    afterCapture,
    canceled: facts(canceled),
    asked: { ...facts(asked), action: asked.next_action?.type },
    passed: facts(passed),
    failed: { ...facts(failed), code: failed.last_payment_error?.code },
    declined,
    afterDecline: (await stripe.paymentIntents.retrieve(doomed.id)).last_payment_error?.code,
    notKept,
    unknown: (await refusal(stripe.customers.retrieve('cus_none'))).statusCode,
  };
};
