import type { PaymentEvent } from '#domain/payment';

import { refundOf, refundView } from '../refunds/view.js';
import { charge, refund } from '../testing/log-writer.js';
import { foldShownPayment } from './fold.js';
import { paymentView } from './view.js';

const paymentId = '11111111-1111-4111-8111-000000000001';
const customerId = '11111111-1111-4111-8111-000000000002';
const refundId = '11111111-1111-4111-8111-000000000003';
const at = '2026-11-01T10:00:00.000Z';
const [created, requested, ...paid] = charge({ paymentId, customerId, orderId: 'order-7', at }) as [
  PaymentEvent,
  PaymentEvent,
  ...PaymentEvent[],
];
const show = (...events: PaymentEvent[]) => paymentView(foldShownPayment(events));

describe('what is shown of a payment', () => {
  it('before any attempt', () => {
    expect(show(created)).toEqual({
      id: paymentId,
      status: 'requires_payment_method',
      amount: 5_000,
      currency: 'usd',
      captureMethod: 'automatic',
      customerId,
      paymentMethodId: null,
      orderId: 'order-7',
      amountCapturable: 0,
      amountCaptured: 0,
      amountRefunded: 0,
      amountRefundsPending: 0,
      attempt: 0,
      failure: null,
      nextAction: null,
      processorPaymentId: null,
      refunds: [],
      createdAt: at,
    });
  });

  it('a decline, and nothing of it once another attempt is under way', () => {
    const failed: PaymentEvent = {
      type: 'PaymentFailed',
      attempt: 1,
      code: 'card_declined',
      declineCode: 'insufficient_funds',
      at,
    };
    expect(show(created, requested, failed)).toMatchObject({
      status: 'failed',
      attempt: 1,
      failure: { code: 'card_declined', declineCode: 'insufficient_funds' },
    });
    const again = { ...requested, attempt: 2 } as PaymentEvent;
    expect(show(created, requested, failed, again)).toMatchObject({ status: 'processing', attempt: 2, failure: null });
  });

  it('what the payer has to do', () => {
    const action: PaymentEvent = {
      type: 'PaymentActionRequired',
      attempt: 1,
      processorPaymentId: 'pi_1',
      action: 'use_stripe_sdk',
      at,
    };
    expect(show(created, requested, action)).toMatchObject({
      status: 'requires_action',
      nextAction: { type: 'use_stripe_sdk' },
      processorPaymentId: 'pi_1',
    });
  });

  it('its refunds, oldest first, as they are shown by themselves', () => {
    const [asked, returned] = refund(paymentId, { refundId }) as [PaymentEvent, PaymentEvent];
    const earlier = refund(paymentId, { amount: 300, at: '2026-11-01T12:00:00.000Z' });
    const events = [created, requested, ...paid, asked, ...earlier];
    expect(show(...events)).toMatchObject({
      status: 'partially_refunded',
      amountCaptured: 5_000,
      amountRefunded: 300,
      amountRefundsPending: 1_000,
      refunds: [{ amount: 300 }, { id: refundId, status: 'pending' }],
    });
    const done = foldShownPayment([...events, returned]);
    const shown = {
      id: refundId,
      amount: 1_000,
      status: 'succeeded',
      reason: 'requested_by_customer',
      failureCode: null,
      createdAt: '2026-11-02T10:00:00.000Z',
    };
    expect(paymentView(done).refunds[1]).toEqual(shown);
    const alone = refundOf(done, refundId);
    expect(alone && refundView(alone)).toEqual({ ...shown, paymentId, currency: 'usd' });
    expect(refundOf(done, customerId)).toBeUndefined();
  });
});
