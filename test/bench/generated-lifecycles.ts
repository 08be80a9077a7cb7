import type { BillingEvent } from '#domain';

/** An event of a stream: what it is, and how many steps after the first one of its lifecycle it happens. */
export interface Step {
  streamId: string;
  after: number;
  /** The event as it happens at that time (RFC 3339). */
  event: (at: string) => BillingEvent;
}

export interface Chances {
  /** 0 <= n < 1. */
  random: () => number;
  uuid: () => string;
  /** Number of the tenant: decides its currency. */
  tenant: number;
}

const currencies = ['usd', 'eur', 'gbp', 'jpy'] as const;
const dayMs = 86_400_000;
const sealed = 'c2VhbGVk'.repeat(12);

/** What one customer who pays brings about: seldom a new customer with a card, always a payment, sometimes a refund of it. */
export const lifecycleOf = (chances: Chances): Step[] => {
  const { random, uuid } = chances;
  const customerId = uuid();
  const methodId = uuid();
  const isNew = random() < 0.1;
  return [...(isNew ? customerSteps(customerId, methodId) : []), ...paymentSteps(chances, customerId, methodId)];
};

const customerSteps = (customerId: string, paymentMethodId: string): Step[] => {
  const customer = `customer-${customerId}`;
  const method = `payment_method-${paymentMethodId}`;
  const processorCustomerId = `cus_${customerId.slice(0, 8)}`;
  return [
    { streamId: customer, after: 0, event: (at) => ({ type: 'CustomerCreated', customerId, personal: sealed, at }) },
    { streamId: customer, after: 1, event: (at) => ({ type: 'CustomerRegistered', processorCustomerId, at }) },
    {
      streamId: method,
      after: 2,
      event: (at) => ({ type: 'PaymentMethodAttachRequested', paymentMethodId, customerId, kind: 'card', at }),
    },
    { streamId: method, after: 3, event: (at) => ({ type: 'PaymentMethodAttached', details: sealed, at }) },
  ];
};

const paymentSteps = ({ random, uuid, tenant }: Chances, customerId: string, paymentMethodId: string): Step[] => {
  const paymentId = uuid();
  const streamId = `payment-${paymentId}`;
  const amount = 100 + Math.floor(random() * 50_000);
  const money = { amount, currency: currencies[tenant % currencies.length] ?? 'usd' };
  const captureMethod = random() < 0.15 ? ('manual' as const) : ('automatic' as const);
  const orderId = random() < 0.5 ? `order-${Math.floor(random() * 1e6)}` : undefined;
  const steps: Step[] = [];
  const step = (after: number, event: Step['event']): void => {
    steps.push({ streamId, after, event });
  };
  const requested = (after: number, attempt: number): void => {
    step(after, (at) => ({
      type: 'PaymentRequested',
      attempt,
      paymentMethodId,
      customerId,
      ...money,
      captureMethod,
      at,
    }));
  };
  step(4, (at) => ({ type: 'PaymentCreated', paymentId, customerId, ...money, captureMethod, orderId, at }));
  requested(4, 1);
  let attempt = 1;
  if (random() < 0.08) {
    step(6, (at) => ({ type: 'PaymentFailed', attempt: 1, code: 'card_declined', declineCode: 'generic_decline', at }));
    if (random() < 0.5) return steps;
    attempt = 2;
    requested(40, attempt);
  }
  const processorPaymentId = `pi_${paymentId.slice(0, 13)}`;
  const charge = { attempt, processorPaymentId };
  const captureId = uuid();
  let capturedAt = attempt * 45;
  if (captureMethod === 'manual') {
    const capture = { captureId, ...charge, ...money, final: true };
    step(capturedAt, (at) => ({ type: 'PaymentAuthorized', ...charge, amount, at }));
    capturedAt += 500 + Math.floor(random() * 2_000);
    step(capturedAt - 2, (at) => ({ type: 'CaptureRequested', ...capture, at }));
  }
  step(capturedAt, (at) => ({ type: 'PaymentCaptured', captureId, ...charge, ...money, final: true, at }));
  const fee = Math.min(amount, 30 + Math.round(amount * 0.029));
  const settled = { gross: amount, fee, net: amount - fee, currency: money.currency };
  step(capturedAt + 3, (at) => ({
    type: 'SettlementRecorded',
    settlementId: `txn_${captureId.slice(0, 13)}`,
    source: 'capture',
    sourceId: captureId,
    ...settled,
    availableOn: `${new Date(Date.parse(at) + 2 * dayMs).toISOString().slice(0, 10)}T00:00:00.000Z`,
    at,
  }));
  if (random() < 0.1) refundSteps(capturedAt + 1_000 + Math.floor(random() * 40_000));
  return steps;

  function refundSteps(after: number): void {
    const part = random() < 0.5 ? amount : Math.ceil(amount / 2);
    const refund = { refundId: uuid(), amount: part, currency: money.currency, processorPaymentId };
    const processorRefundId = `re_${refund.refundId.slice(0, 13)}`;
    step(after, (at) => ({ type: 'RefundRequested', ...refund, reason: 'requested_by_customer', at }));
    step(after + 2, (at) => ({ type: 'RefundSucceeded', ...refund, processorRefundId, booked: 'pending', at }));
  }
};
