/*
 * A small upstream service: it has an order paid by card, and learns the outcome. It knows nothing of billing-service but its client.
 * Message ids are made from the order's id: run it again with the same ORDER_ID, after a crash wherever you like, and nothing is charged twice.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { BillingClient, BillingError } from '@billing-service/client';

const setting = (name, otherwise) => {
  const value = process.env[name] || otherwise;
  if (value === undefined) throw new Error(`set ${name}: see README.md`);
  return value;
};

const fileOf = (name) => {
  const path = setting(name);
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${name}: ${path} cannot be read (${error.code})`, { cause: error });
  }
};

const tenantId = setting('BILLING_TENANT', '11111111-1111-4111-8111-111111111111');
const order = { id: setting('ORDER_ID', randomUUID()), amount: 4_999, currency: 'usd', email: 'ada@example.com' };
const token = setting('BILLING_TOKEN');

const billing = new BillingClient({
  kafka: { brokers: setting('KAFKA_BROKERS').split(','), topicPrefix: setting('KAFKA_TOPIC_PREFIX', '') },
  http: { url: setting('BILLING_URL', 'http://127.0.0.1:3000'), token: () => Promise.resolve(token) },
  producer: {
    name: setting('BILLING_PRODUCER', 'shop'),
    privateKey: fileOf('BILLING_PRODUCER_KEY'),
  },
});

/** Has the order paid with the card behind a token that the payer's browser got from the processor. @returns the payment */
const charge = async (processorToken) => {
  const customer = await billing.send({
    type: 'CreateCustomer',
    tenantId,
    messageId: `${order.id}-customer`,
    body: { email: order.email, name: 'Ada Lovelace' },
  });
  const customerId = (await customer.result()).resource.id;
  console.log(`customer        ${customerId}`);

  const card = await billing.send({
    type: 'AttachPaymentMethod',
    tenantId,
    messageId: `${order.id}-card`,
    customerId,
    body: { type: 'card', processorToken },
  });
  const paymentMethodId = (await card.result()).resource.id;
  const attached = await card.settled(); // the processor has to agree before the card can be charged
  console.log(`payment method  ${paymentMethodId} ${attached.type}`);
  if (attached.type !== 'PaymentMethodAttached') return { status: 'refused', failure: attached.data };

  const payment = await billing.send({
    type: 'CreatePayment',
    tenantId,
    messageId: `${order.id}-charge`,
    body: { amount: order.amount, currency: order.currency, customerId, paymentMethodId, orderId: order.id },
  });
  const paymentId = (await payment.result()).resource.id;
  const outcome = await payment.settled(); // PaymentCaptured, or PaymentFailed with a code: a decline is no error
  console.log(`payment         ${paymentId} ${outcome.type}`);
  return billing.payment(paymentId, { minPosition: outcome.position });
};

try {
  const payment = await charge(setting('PROCESSOR_TOKEN', 'pm_card_visa'));
  if (payment.id !== undefined) {
    console.log('what happened:');
    for await (const { position, type, data } of billing.events({ streamId: `payment-${payment.id}` })) {
      console.log(`  ${position.padEnd(10)} ${type.padEnd(20)} ${data.amount ?? ''}`);
    }
  }
  const outcome = payment.failure ? payment.failure.code : `${payment.amountCaptured} ${payment.currency} were taken`;
  console.log(`order ${order.id} is ${payment.status}: ${outcome}`);
  process.exitCode = payment.status === 'succeeded' ? 0 : 1;
} catch (error) {
  if (!(error instanceof BillingError)) throw error;
  console.error(`${error.message} (${error.code}${error.messageId ? `, message ${error.messageId}` : ''})`);
  process.exitCode = 1;
} finally {
  await billing.close();
}
