import type Stripe from 'stripe';

import { paymentOf, refundOf } from './payment.js';
import { settlementOf } from './settlement.js';

const intent = (over: object): Stripe.PaymentIntent =>
  ({
    id: 'pi_1',
    amount_received: 0,
    currency: 'usd',
    latest_charge: null,
    last_payment_error: null,
    ...over,
  }) as never;

const transaction = (over: object = {}): Stripe.BalanceTransaction =>
  ({
    id: 'txn_1',
    amount: 1_000,
    fee: 59,
    net: 941,
    currency: 'usd',
    exchange_rate: null,
    available_on: 1_700_000_000,
    ...over,
  }) as never;

describe('a payment intent', () => {
  it.each<[string, object, object]>([
    ['succeeded', { status: 'succeeded', amount_received: 1_000 }, { status: 'captured', captured: 1_000 }],
    [
      'waits for a capture',
      { status: 'requires_capture', amount_capturable: 900 },
      { status: 'authorized', amount: 900, multicapture: false },
    ],
    [
      'waits for its owner',
      { status: 'requires_action', next_action: { type: 'use_stripe_sdk' }, client_secret: 'pi_1_secret_x' },
      { status: 'action_required', action: 'use_stripe_sdk', clientSecret: 'pi_1_secret_x' },
    ],
    ['is under way at a bank', { status: 'processing' }, { status: 'processing' }],
    [
      'failed',
      {
        status: 'requires_payment_method',
        last_payment_error: { type: 'card_error', code: 'card_declined', decline_code: 'lost_card' },
      },
      { status: 'failed', code: 'card_declined', declineCode: 'lost_card' },
    ],
    ['was never confirmed', { status: 'requires_confirmation' }, { status: 'unconfirmed', awaits: 'confirmation' }],
    ['has no payment method yet', { status: 'requires_payment_method' }, { status: 'unconfirmed', awaits: 'method' }],
    ['was canceled', { status: 'canceled' }, { status: 'canceled' }],
    ['is in a state that this release does not know', { status: 'requires_luck' }, { status: 'processing' }],
  ])('that %s', (_, given, expected) => {
    expect(paymentOf(intent(given))).toMatchObject({ processorPaymentId: 'pi_1', ...expected });
  });

  it('tells how long its authorization lasts and whether it takes several captures', () => {
    const card = { capture_before: 1_700_000_000, multicapture: { status: 'available' } };
    const latest_charge = {
      payment_method_details: { card },
      balance_transaction: null,
      amount_captured: 0,
      currency: 'usd',
    };
    expect(paymentOf(intent({ status: 'requires_capture', amount_capturable: 900, latest_charge }))).toMatchObject({
      expiresAt: '2023-11-14T22:13:20.000Z',
      multicapture: true,
    });
  });

  it('comes with the settlement of its charge where that was expanded', () => {
    const charge = { payment_method_details: {}, amount_captured: 1_000, currency: 'usd' };
    const settlementFor = (balance_transaction: unknown) =>
      paymentOf(intent({ status: 'succeeded', latest_charge: { ...charge, balance_transaction } })).settlement;
    expect(settlementFor(transaction())).toMatchObject({ settlementId: 'txn_1' });
    expect([settlementFor(null), settlementFor('txn_1')]).toEqual([undefined, undefined]);
  });
});

describe('a balance transaction', () => {
  it('of the same currency needs no rate', () => {
    expect(settlementOf(transaction(), 1_000, 'usd')).toEqual({
      settlementId: 'txn_1',
      gross: 1_000,
      fee: 59,
      net: 941,
      currency: 'usd',
      availableOn: '2023-11-14T22:13:20.000Z',
    });
  });
  it.each([
    [1.0842, '1.0842'],
    [0.000_000_7, '0.0000007'],
    [null, undefined],
  ])('with a conversion keeps its rate %p as a decimal, and what was converted', (exchange_rate, rate) => {
    const settlement = settlementOf(transaction({ exchange_rate }), 900, 'eur');
    expect(settlement).toMatchObject({ sourceAmount: 900, sourceCurrency: 'eur' });
    expect(settlement?.rate).toBe(rate);
  });
});

describe('a refund', () => {
  const refund = (over: object): Stripe.Refund =>
    ({ id: 're_1', amount: 300, currency: 'usd', balance_transaction: null, ...over }) as never;
  it.each<[string, object, object]>([
    [
      'succeeded',
      { balance_transaction: transaction({ amount: -300 }) },
      { status: 'succeeded', settlement: { gross: -300 } },
    ],
    ['pending', {}, { status: 'pending' }],
    ['requires_action', {}, { status: 'pending' }],
    ['failed', { failure_reason: 'lost_or_stolen_card' }, { status: 'failed', code: 'lost_or_stolen_card' }],
    ['canceled', {}, { status: 'failed', code: 'refund_canceled' }],
    [
      'failed, after it took the money, which came back',
      {
        status: 'failed',
        balance_transaction: transaction({ amount: -300 }),
        failure_balance_transaction: transaction({ amount: 300 }),
      },
      { status: 'failed', settlement: { gross: -300 }, reversal: { gross: 300 } },
    ],
  ])('that is %s', (status, given, expected) => {
    expect(refundOf(refund({ status, ...given }))).toMatchObject({
      processorRefundId: 're_1',
      amount: 300,
      ...expected,
    });
  });
});
