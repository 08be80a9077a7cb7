import type { PaymentEvent } from '#domain/payment';
import { foldPayment } from '#domain/payment';
import { foreignRefundId } from '#command-handling/facts';

import { attemptBehind, refundIdFor } from './look.js';

const at = '2026-11-21T10:00:00Z';
const [tenantId, paymentId, refundId] = ['t', '0b1b6a0e-7c53-4a8e-9b53-0d5a3d1c4f10', 'r'];
const amounts = { amount: 500, currency: 'usd' };
const history: PaymentEvent[] = [
  { type: 'PaymentCreated', paymentId, customerId: 'c', ...amounts, captureMethod: 'automatic', at },
  {
    type: 'PaymentRequested',
    attempt: 1,
    paymentMethodId: 'm',
    customerId: 'c',
    ...amounts,
    captureMethod: 'automatic',
    at,
  },
  {
    type: 'PaymentCaptured',
    attempt: 1,
    captureId: 'k',
    processorPaymentId: 'pi_1',
    ...amounts,
    final: true,
    at,
  },
  { type: 'RefundRequested', refundId, processorPaymentId: 'pi_1', ...amounts, at },
];
const asked = foldPayment(history);
const answered = foldPayment([
  ...history,
  { type: 'RefundSucceeded', refundId, processorRefundId: 're_a', ...amounts, booked: 'pending', at },
]);
const claim = { tenantId, paymentId, refundId };
const found = { processorRefundId: 're_a', processorPaymentId: 'pi_1' };

describe('a refund that the processor shows', () => {
  it('is ours as long as nothing has told under which id the processor knows ours', () => {
    expect(refundIdFor(tenantId, asked, found, claim)).toBe(refundId);
    expect(refundIdFor(tenantId, answered, found, {})).toBe(refundId);
  });

  it.each([
    ['whose claim is taken by another', answered, { ...found, processorRefundId: 're_b' }, claim],
    ['of another charge', asked, { ...found, processorPaymentId: 'pi_2' }, claim],
    ["of another tenant's", asked, found, { ...claim, tenantId: 'other' }],
    ['that we never asked for', asked, found, { ...claim, refundId: 'nobody knows it' }],
  ])('is not ours by its word: %s', (_, state, shown, claimed) => {
    expect(refundIdFor(tenantId, state, shown, claimed)).toBe(foreignRefundId(paymentId, shown.processorRefundId));
  });
});

it('a payment of another currency is none of ours, whatever its id', () => {
  const payment = { processorPaymentId: 'pi_1', currency: 'jpy', captured: 500_000, status: 'captured' } as const;
  expect(attemptBehind(tenantId, asked, { payment, claim: {} })).toBeUndefined();
  expect(attemptBehind(tenantId, asked, { payment: { ...payment, currency: 'usd' }, claim: {} })).toBe(1);
});
