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
      failure,
      createdAt: time,
    },
    ['card', 'usBankAccount'],
  ),
  PaymentMethodPage: page('PaymentMethod'),
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
