import type { Schema } from './schema.js';

const at = '2026-11-21T10:00:00.000Z';

/** A value for each property by its name, or by its title and name where it is another there, so that the examples of all schemas tell one story. */
const samples: Readonly<Record<string, unknown>> = {
  customerId: '0b8f6a52-5c1f-5d0c-9a53-2f9a4f0f7a11',
  paymentMethodId: '7d5b5f0e-8a7c-5a41-8f4e-3b1c2d9e6a22',
  confirmationId: '6e7f8a9b-2c3d-5e4f-9a5b-6c7d8e9f0aee',
  setupIntentId: '4c5d6e7f-0a1b-5c2d-9e3f-4a5b6c7d8ecc',
  detachId: '5d6e7f8a-1b2c-5d3e-8f4a-5b6c7d8e9fdd',
  actionId: '8a9b0c1d-2e3f-5a4b-8c5d-6e7f8a9b0c1e',
  paymentId: '3f1d2c4b-9e8a-5b7c-8d6e-1a2b3c4d5e33',
  captureId: '5a6b7c8d-1e2f-5a3b-9c4d-5e6f7a8b9c44',
  cancelId: '6b7c8d9e-2f3a-5b4c-8d5e-6f7a8b9c0d55',
  refundId: '8c9d0e1f-3a4b-5c5d-9e6f-7a8b9c0d1e66',
  settlementId: 'txn_1R8ZkE2eZvKYlo2C',
  sourceId: '5a6b7c8d-1e2f-5a3b-9c4d-5e6f7a8b9c44',
  processorCustomerId: 'cus_R1c2d3e4f5g6h7',
  processorPaymentId: 'pi_3R8ZkE2eZvKYlo2C',
  processorRefundId: 're_3R8ZkE2eZvKYlo2C',
  disputeId: '2b3c4d5e-6f7a-5b8c-9d0e-1f2a3b4c5d77',
  evidenceId: '0e1f2a3b-5c6d-5e7f-9a8b-9c0d1e2f3a88',
  payoutId: '1f2a3b4c-6d7e-5f8a-8b9c-0d1e2f3a4b99',
  connectedAccountId: '2a3b4c5d-7e8f-5a9b-9c0d-1e2f3a4b5caa',
  lookupId: '3b4c5d6e-8f9a-5b0c-8d1e-2f3a4b5c6dbb',
  processorDisputeId: 'du_1R8ZkE2eZvKYlo2C',
  processorReviewId: 'prv_1R8ZkE2eZvKYlo2C',
  processorWarningId: 'issfr_1R8ZkE2eZvKYlo2C',
  processorSetupIntentId: 'seti_1R8ZkE2eZvKYlo2C',
  mandate: 'mandate_1R8ZkE2eZvKYlo2C',
  checkoutSessionId: '7e8f9a0b-3d4e-5f5a-8b6c-7d8e9f0a1bff',
  fingerprint: 'kq3vYd0nqkYw7i3yS7Jm0dV8QmJc1mQm2h0Yx3nq2uU',
  presented: true,
  mode: 'payment',
  returns: 'v1.c2VhbGVk',
  methodKinds: ['card', 'us_bank_account'],
  methodKind: 'us_bank_account',
  paymentMethodTypes: ['card'],
  usage: 'off_session',
  confirmationToken: 'ctoken_1NnQUf2eZvKYlo2CIObdtbnb',
  expiresOn: '2026-12',
  processorMandateId: 'mandate_1R8ZkE2eZvKYlo2C',
  processorFinancialAccountId: 'fca_1R8ZkE2eZvKYlo2C',
  processorPayoutId: 'po_1R8ZkE2eZvKYlo2C',
  processorAccountId: 'acct_1R8ZkE2eZvKYlo2C',
  movementId: 'txn_1R8ZkE2eZvKYlo2D',
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
  evidenceDueBy: '2026-11-30T23:59:59.000Z',
  arrivesOn: '2026-11-24T00:00:00.000Z',
  submissions: 0,
  connected: true,
  open: false,
  closedReason: 'approved',
  fraudType: 'unauthorized_use_of_card',
  actionable: true,
  chargesEnabled: true,
  payoutsEnabled: false,
  detailsSubmitted: true,
  requirementsDue: ['external_account'],
  disabledReason: 'requirements.past_due',
  submit: true,
  availableOn: '2026-11-23T00:00:00.000Z',
  at,
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  address: { line1: '1 Analytical Row', city: 'London', country: 'GB' },
  processorToken: 'pm_card_visa',
  'DisputeReported.status': 'needs_response',
  'DisputeReported.reason': 'fraudulent',
  'DisputeFundsMoved.booked': 'open',
  'DisputeFundsMoved.becomes': 'open',
  'DisputeClosed.booked': 'open',
  'DisputeClosed.becomes': 'won',
  'DisputeEvidenceRequested.evidence': 'v1.c2VhbGVk',
  'DisputeEvidenceFailed.code': 'evidence_invalid',
  'ProcessorReviewReported.reason': 'rule',
  'PaymentLookupRequested.reason': 'charge_changed',
  'PaymentMethodLookupRequested.reason': 'updated',
  'PaymentMethodDetachFailed.code': 'resource_missing',
  'SetupIntentLookupRequested.reason': 'succeeded',
  'PayoutPaid.booked': 'in_transit',
  'PayoutFailed.code': 'account_closed',
  'PayoutFailed.reverses': 'paid',
  tenantId: '11111111-1111-4111-8111-111111111111',
  channel: 'http',
  caller: { kind: 'person', subject: 'auth0|5f7c', roles: ['tenant_admin'] },
  origin: { network: '203.0.113.0/24', requestId: '6f1e2d3c-4b5a-4c6d-8e7f-9a0b1c2d3ecc' },
  resource: '3f1d2c4b-9e8a-5b7c-8d6e-1a2b3c4d5e33',
  namedTenantId: '22222222-2222-4222-8222-222222222222',
  count: 3,
  firstAt: '2026-11-21T09:59:12.000Z',
  'TenantSuspended.reason': 'TICKET-1042',
  'TenantReinstated.reason': 'TICKET-1057',
  'AccessDenied.action': 'payments.create',
  'AccessDenied.code': 'insufficient_scope',
  'PrivilegedAccessGranted.action': 'refunds.create',
  'PrivilegedAccessGranted.grant': 'billing:refund',
  'PrivilegedAccessGranted.reason': 'TICKET-1042',
  'SubmitDisputeEvidence.evidence': {
    customerName: 'Ada Lovelace',
    uncategorizedText: 'It was delivered on 3 November.',
  },
};

/** Optional properties that an example leaves out: they belong to another story. */
const untold: ReadonlySet<string> = new Set([
  'multicapture',
  'rate',
  'sourceAmount',
  'sourceCurrency',
  ...['PaymentFailed.processorPaymentId', 'PaymentCanceled.cancelId', 'AccessDenied.namedTenantIds'],
]);

/** An example of the object `schema` describes. Throws for a property of which nothing here tells a value. */
export const sampleOf = (title: string, { properties = {}, required = [] }: Schema): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(properties)
      .filter(([name]) => required.includes(name) || !(untold.has(name) || untold.has(`${title}.${name}`)))
      .map(([name, schema]) => [name, valueOf(title, name, schema)]),
  );

const valueOf = (title: string, name: string, schema: Schema): unknown => {
  const key = `${title}.${name}`;
  if (Object.hasOwn(samples, key)) return samples[key];
  const known = schema.default ?? schema.enum?.[0] ?? schema['x-extensible-enum']?.[0];
  if (known !== undefined) return known;
  if (schema.type === 'object' && name === 'details') return { captured: 9_998 };
  if (Object.hasOwn(samples, name)) return samples[name];
  throw new Error(`tools/contracts/samples.ts has no sample for ${name} of ${title}`);
};
