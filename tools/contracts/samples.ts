import type { Schema } from './schema.js';

const at = '2026-11-21T10:00:00.000Z';

/** A value for each property by its name, so that the examples of all schemas tell one story. */
const samples: Readonly<Record<string, unknown>> = {
  customerId: '0b8f6a52-5c1f-5d0c-9a53-2f9a4f0f7a11',
  paymentMethodId: '7d5b5f0e-8a7c-5a41-8f4e-3b1c2d9e6a22',
  paymentId: '3f1d2c4b-9e8a-5b7c-8d6e-1a2b3c4d5e33',
  captureId: '5a6b7c8d-1e2f-5a3b-9c4d-5e6f7a8b9c44',
  cancelId: '6b7c8d9e-2f3a-5b4c-8d5e-6f7a8b9c0d55',
  refundId: '8c9d0e1f-3a4b-5c5d-9e6f-7a8b9c0d1e66',
  disputeId: 'du_1R8ZkE2eZvKYlo2C',
  settlementId: 'txn_1R8ZkE2eZvKYlo2C',
  sourceId: '5a6b7c8d-1e2f-5a3b-9c4d-5e6f7a8b9c44',
  processorCustomerId: 'cus_R1c2d3e4f5g6h7',
  processorPaymentId: 'pi_3R8ZkE2eZvKYlo2C',
  processorRefundId: 're_3R8ZkE2eZvKYlo2C',
  amount: 4_999,
  currency: 'usd',
  attempt: 1,
  gross: 4_999,
  fee: 175,
  net: 4_824,
  final: true,
  orderId: 'order-1042',
  code: 'card_declined',
  declineCode: 'insufficient_funds',
  action: 'use_stripe_sdk',
  reason: 'requested_by_customer',
  personal: 'v1.c2VhbGVk',
  details: 'v1.c2VhbGVk',
  fact: 'PaymentCaptured',
  rule: 'captured_twice',
  expiresAt: '2026-11-28T10:00:00.000Z',
  availableOn: '2026-11-23T00:00:00.000Z',
  at,
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  address: { line1: '1 Analytical Row', city: 'London', country: 'GB' },
  processorToken: 'pm_card_visa',
};

/** Optional properties that an example leaves out: they belong to another story. */
const untold: ReadonlySet<string> = new Set([
  'multicapture',
  'rate',
  'sourceAmount',
  'sourceCurrency',
  ...['PaymentFailed.processorPaymentId', 'PaymentCanceled.cancelId'],
]);

/** An example of the object `schema` describes. Throws for a property of which nothing here tells a value. */
export const sampleOf = (title: string, { properties = {}, required = [] }: Schema): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => required.includes(name) || !(untold.has(name) || untold.has(`${title}.${name}`)))
      .map(([name, schema]) => [name, valueOf(title, name, schema)]),
  );

const valueOf = (title: string, name: string, schema: Schema): unknown => {
  const known = schema.default ?? schema.enum?.[0] ?? schema['x-extensible-enum']?.[0];
  if (known !== undefined) return known;
  if (schema.type === 'object' && name === 'details') return { captured: 9_998 };
  if (Object.hasOwn(samples, name)) return samples[name];
  throw new Error(`tools/contracts/samples.ts has no sample for ${name} of ${title}`);
};
