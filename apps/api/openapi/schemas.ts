import { disputeStatuses, paymentStatuses, refundStatuses } from '../routes/queries.js';

/** JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export type Schema = Readonly<Record<string, unknown>>;

const id = { type: 'string', format: 'uuid' };
const money = { type: 'integer', format: 'int64', description: 'Minor units.' };
const time = { type: 'string', format: 'date-time' };
const text = { type: 'string' };
const orNull = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });

/** An object with exactly these properties, all of them always there unless named in `optional`. */
const object = (properties: Record<string, Schema>, optional: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

const page = (of: string): Schema =>
  object({ data: { type: 'array', items: { $ref: `#/components/schemas/${of}` } }, nextCursor: orNull(text) });

const failure = orNull(object({ code: text, declineCode: orNull(text) }));
const refund = {
  id,
  amount: money,
  status: { type: 'string', enum: refundStatuses },
  reason: orNull(text),
  failureCode: orNull(text),
  createdAt: time,
};

/** The shapes of every answer, by the names that the document gives them. */
export const schemas: Readonly<Record<string, Schema>> = {
  Payment: object({
    id,
    status: { type: 'string', enum: paymentStatuses },
    amount: money,
    currency: { type: 'string', pattern: '^[a-z]{3}$' },
    captureMethod: { type: 'string', enum: ['automatic', 'manual'] },
    customerId: id,
    paymentMethodId: orNull(id),
    orderId: orNull(text),
    amountCapturable: money,
    amountCaptured: money,
    amountRefunded: money,
    amountRefundsPending: money,
    attempt: { type: 'integer', description: 'Number of the newest attempt; 0 before the first.' },
    failure,
    nextAction: orNull(object({ type: text })),
    processorPaymentId: orNull(text),
    refunds: { type: 'array', items: object(refund) },
    createdAt: time,
  }),
  PaymentPage: page('Payment'),
  PaymentChange: object({
    eventId: id,
    type: { ...text, description: 'Of the event, such as `PaymentCaptured`.' },
    version: { type: 'integer', description: 'Of the payment after it.' },
    position: { ...text, description: 'Where it stands in the log, shard:position.' },
    recordedAt: time,
    data: { type: 'object', description: 'The event, as `GET /v1/events` shows it.', additionalProperties: true },
    status: { type: 'string', enum: paymentStatuses, description: 'Of the payment after it.' },
    proof: {
      ...orNull(
        object({
          index: {
            type: 'integer',
            format: 'int64',
            description: 'The leaf of the event in the audit log, from 0 on.',
          },
          receipt: { ...text, description: 'A C2SP tlog-proof with the event in it, to be verified offline.' },
        }),
      ),
      description: 'That the event is in the audit log; null while no published checkpoint covers it.',
    },
  }),
  PaymentHistoryPage: page('PaymentChange'),
  AuditKeyHistory: object({
    data: {
      type: 'array',
      items: object({
        vkey: { ...text, description: 'A verifier key (C2SP signed-note).' },
        receipt: {
          ...text,
          description: 'A C2SP tlog-proof of its event, under a checkpoint that the keys before it have signed.',
        },
      }),
    },
  }),
  NextAction: object({
    type: { ...text, description: "The processor's word, such as `use_stripe_sdk`." },
    clientSecret: { ...text, description: "For the payer's browser alone." },
    expiresAt: time,
  }),
  CheckoutSession: object({
    id,
    mode: { type: 'string', enum: ['payment', 'setup'] },
    status: {
      type: 'string',
      enum: ['open', 'complete', 'expired'],
      description:
        '`complete`: the payer has done their part: paid, authorized, a bank debit on its way, or the payment method saved. It stays so where a debit fails later: make another session then. `open` also past `expiresAt` while what the payer has begun may still charge.',
    },
    paymentStatus: {
      ...orNull({ type: 'string', enum: ['unpaid', 'processing', 'paid'] }),
      description:
        'Whether the money is there: deliver on `paid`. `processing`: a bank debit, which takes days and may still fail, and is `unpaid` then. Authorized and not captured: `unpaid`. Null in mode `setup`.',
    },
    url: {
      ...orNull(text),
      description:
        'Where to send the payer; null once nothing can be done there, and for whoever has no billing:write: who has the link can pay with it.',
    },
    customerId: id,
    paymentId: orNull(id),
    setupIntentId: { ...orNull(id), description: 'The newest one.' },
    paymentMethodTypes: { type: 'array', items: { type: 'string', enum: ['card', 'us_bank_account'] } },
    successUrl: orNull(text),
    cancelUrl: orNull(text),
    expiresAt: time,
    createdAt: time,
  }),
  Refund: object({ ...refund, paymentId: id, currency: text }),
  RefundPage: page('Refund'),
  Dispute: object({
    id,
    paymentId: id,
    amount: money,
    currency: text,
    status: {
      type: 'string',
      enum: disputeStatuses,
      description: 'An inquiry moves no money; `prevented` never became a dispute.',
    },
    reason: { ...orNull(text), description: "The processor's word, such as `fraudulent`." },
    evidenceDueBy: { ...orNull(time), description: 'Until when evidence is taken.' },
    evidenceSubmissions: { type: 'integer', description: 'How often evidence went to the bank, by whomever.' },
    fundsWithdrawn: { type: 'boolean', description: 'Whether the processor has the money now.' },
    evidence: {
      type: 'array',
      description: 'Evidence that was sent from here, oldest first. What it says is not shown.',
      items: object({
        id,
        status: { type: 'string', enum: ['pending', 'staged', 'submitted', 'failed'] },
        failureCode: orNull(text),
        createdAt: time,
      }),
    },
    processorDisputeId: orNull(text),
    createdAt: time,
  }),
  DisputePage: page('Dispute'),
  Customer: object({
    id,
    email: orNull(text),
    name: orNull(text),
    address: orNull({ type: 'object', additionalProperties: text }),
    status: { type: 'string', enum: ['pending', 'registered', 'failed', 'deleted', 'erased'] },
    processorCustomerId: orNull(text),
    defaultPaymentMethodId: orNull(id),
    createdAt: time,
  }),
  CustomerPage: page('Customer'),
  PaymentMethod: object(
    {
      id,
      customerId: id,
      type: { type: 'string', enum: ['card', 'us_bank_account'] },
      status: { type: 'string', enum: ['pending', 'attached', 'failed', 'detached', 'erased'] },
      card: object({ brand: text, last4: text, expMonth: { type: 'integer' }, expYear: { type: 'integer' } }),
      usBankAccount: object({ bankName: text, last4: text }),
      mandate: object({
        processorMandateId: text,
        status: { type: 'string', enum: ['active', 'inactive', 'pending'] },
      }),
      isDefault: { type: 'boolean' },
      expiring: { type: 'boolean', description: 'Whether a notice was given that the card ends within thirty days.' },
      failure,
      createdAt: time,
    },
    ['card', 'usBankAccount', 'mandate'],
  ),
  PaymentMethodPage: page('PaymentMethod'),
  SetupIntent: object({
    id,
    status: {
      type: 'string',
      enum: ['requires_payment_method', 'requires_action', 'processing', 'succeeded', 'canceled'],
    },
    customerId: id,
    paymentMethodTypes: { type: 'array', items: { type: 'string', enum: ['card', 'us_bank_account'] } },
    usage: { type: 'string', enum: ['on_session', 'off_session'] },
    paymentMethodId: { ...orNull(id), description: 'Once it has succeeded.' },
    clientSecret: {
      ...orNull(text),
      description: "For the payer's browser alone, while it has something to do; null without `billing:write`.",
    },
    nextAction: orNull(object({ type: text })),
    failure,
    processorSetupIntentId: orNull(text),
    createdAt: time,
  }),
  Tenant: object({
    id,
    name: text,
    status: { type: 'string', enum: ['active', 'suspended'] },
    createdAt: time,
    suspendedAt: orNull(time),
  }),
  TenantPage: page('Tenant'),
  ConnectedAccount: object({
    id,
    processorAccountId: text,
    standing: {
      ...orNull(
        object({
          chargesEnabled: { type: 'boolean' },
          payoutsEnabled: { type: 'boolean' },
          detailsSubmitted: { type: 'boolean' },
          requirementsDue: {
            type: 'array',
            items: text,
            description: "The processor's words for what it still wants.",
          },
          disabledReason: orNull(text),
        }),
      ),
      description: 'How the account stands at the processor; null until it was looked at.',
    },
    createdAt: { ...time, description: 'When it was linked.' },
  }),
  Balance: object({
    currency: text,
    available: { ...money, description: 'At the processor and free to be paid out.' },
    pending: { ...money, description: 'At the processor, not available yet.' },
    accounts: {
      type: 'object',
      description: 'Signed minor units by account, debits positive; they sum to zero.',
      additionalProperties: { type: 'integer', format: 'int64' },
    },
  }),
  BalanceList: object({ data: { type: 'array', items: { $ref: '#/components/schemas/Balance' } } }),
  Problem: {
    type: 'object',
    description: 'RFC 9457. `code` is stable; programs should look at nothing else.',
    properties: {
      type: { type: 'string', format: 'uri' },
      title: text,
      status: { type: 'integer' },
      code: text,
      detail: text,
      field: { ...text, description: 'The field or header to look at first.' },
      errors: { type: 'array', items: object({ field: text, code: text, message: text }) },
      'violated-policies': {
        type: 'array',
        items: text,
        description: 'Of a 429: the limits that were exceeded, as RateLimit-Policy names them.',
      },
      requestId: text,
    },
    required: ['type', 'title', 'status', 'code', 'detail', 'requestId'],
  },
};
