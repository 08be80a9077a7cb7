import type { CheckoutStanding } from '#command-handling';
import type { PaymentEvent } from '#domain/payment';
import { initialCheckoutSession } from '#domain/checkout-session';
import { foldShownPayment } from '#projections';

import { messageFor } from './messages.js';
import { outcomeOf } from './outcome.js';

const at = '2026-11-21T10:00:00.000Z';
const session = {
  ...initialCheckoutSession,
  ...{
    checkoutSessionId: 's1',
    customerId: 'c1',
    paymentId: 'p1',
    createdAt: at,
    expiresAt: '2026-11-21T11:00:00.000Z',
  },
};
const terms = { customerId: 'c1', amount: 1_999, currency: 'usd', captureMethod: 'automatic' } as const;
const created: PaymentEvent = { type: 'PaymentCreated', paymentId: 'p1', ...terms, at };
const presented = (confirmationId: string, when = at): PaymentEvent => ({
  type: 'ConfirmationTokenPresented',
  confirmationId,
  at: when,
});
const requested = (attempt: number, paymentMethodId: string): PaymentEvent => ({
  ...{ type: 'PaymentRequested', attempt, paymentMethodId, presented: true, methodKind: 'card' },
  ...terms,
  at,
});
const inspected = (confirmationId: string): PaymentEvent => ({
  type: 'ConfirmationTokenInspected',
  confirmationId,
  methodKind: 'card',
  at,
});
const failed = (attempt: number): PaymentEvent => ({
  ...{ type: 'PaymentFailed', attempt, code: 'card_declined', declineCode: 'insufficient_funds', at },
});
const charge = { attempt: 1, processorPaymentId: 'pi_1', at } as const;

const outcome = (events: PaymentEvent[], when = at): unknown => {
  const standing: CheckoutStanding = { session, payment: foldShownPayment([created, ...events]) };
  const { outcome: told, action } = outcomeOf(standing, when);
  return action ? { ...told, action } : told;
};
const later = '2026-11-21T11:00:00.000Z';

describe('how a page stands', () => {
  it.each<[string, PaymentEvent[], unknown]>([
    ['open', [], { status: 'open' }],
    ['processing while the token is looked at', [presented('t1')], { status: 'processing' }],
    [
      'processing while it is charged',
      [presented('t1'), inspected('t1'), requested(1, 't1')],
      { status: 'processing' },
    ],
    [
      'processing while the bank is asked, for days',
      [presented('t1'), inspected('t1'), requested(1, 't1'), { type: 'PaymentProcessing', ...charge }],
      { status: 'processing' },
    ],
    [
      'waiting for the payer',
      [
        presented('t1'),
        inspected('t1'),
        requested(1, 't1'),
        { type: 'PaymentActionRequired', ...charge, action: 'use_stripe_sdk' },
      ],
      { status: 'requires_action', action: { id: 'p1', attempt: 1 } },
    ],
    [
      'done once the money is held',
      [requested(1, 't1'), { type: 'PaymentAuthorized', ...charge, amount: 1_999 }],
      { status: 'succeeded' },
    ],
    ['over once the merchant has canceled it', [{ type: 'PaymentCanceled', attempt: 0, at }], { status: 'expired' }],
  ])('is %s', (_, events, expected) => {
    expect(outcome(events)).toEqual(expected);
    if (JSON.stringify(expected) !== '{"status":"open"}') expect(outcome(events, later)).toEqual(expected);
  });

  it('is failed with what the payer presented last, and open to another try until its time is over', () => {
    const declined = [presented('t1'), inspected('t1'), requested(1, 't1'), failed(1)];
    expect(outcome(declined)).toMatchObject({
      status: 'failed',
      error: { code: 'card_declined', declineCode: 'insufficient_funds' },
    });
    const refused: PaymentEvent = { type: 'ConfirmationTokenRefused', confirmationId: 't2', code: 'x', at };
    const second = [...declined, presented('t2', '2026-11-21T10:05:00.000Z'), refused];
    expect(outcome(second)).toMatchObject({ status: 'failed', error: { code: 'x' } });
    expect(outcome(declined, later)).toEqual({ status: 'expired' });
  });
});

it('a payer is told what helps, and nothing that helps a thief', () => {
  expect(messageFor({ code: 'card_declined', declineCode: 'insufficient_funds' })).toContain('not enough money');
  expect(messageFor({ code: 'insufficient_funds' })).not.toContain('card');
  for (const code of ['account_closed', 'no_account']) expect(messageFor({ code })).toContain('bank account');
  expect(messageFor({ code: 'debit_not_authorized' })).toContain('debit is not allowed');
  const silent = ['stolen_card', 'lost_card', 'fraudulent', 'pickup_card', 'constructor', '__proto__'];
  for (const declineCode of silent)
    expect(messageFor({ code: 'card_declined', declineCode })).toBe(messageFor({ code: 'card_declined' }));
});
