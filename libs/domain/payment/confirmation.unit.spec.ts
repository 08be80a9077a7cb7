import * as words from '../testing/payments.js';
import { aCharge, anAuthorization, ask, created, failed, given, requested } from '../testing/payments.js';
import {
  OperationInProgress,
  PaymentMethodRequired,
  PaymentNotConfirmable,
  PaymentNotFound,
  decide,
  evolve,
  foldPayment,
  methodOfLatest,
  statusOf,
} from './index.js';

const terms = { customerId: 'c1', amount: 5_000, currency: 'usd', captureMethod: 'manual' } as const;
const present = (confirmationId = 't1') => ask('PresentConfirmation', { confirmationId });
const presented = (confirmationId = 't1') => words.event('ConfirmationTokenPresented', { confirmationId });
const found = { confirmationId: 't1', methodKind: 'card', fingerprint: 'digest' } as const;
const inspected = words.event('ConfirmationTokenInspected', found);
const charged = (attempt = 1) =>
  words.event('PaymentRequested', {
    ...{ attempt, paymentMethodId: 't1', presented: true, methodKind: 'card' },
    ...terms,
  });
const refused = (code: string) => words.event('ConfirmationTokenRefused', { confirmationId: 't1', code });

describe('presenting a confirmation token', () => {
  it('asks the gateway to look, and charges nothing yet', () => {
    given([created()]).when(present()).then([presented()]);
    expect(statusOf(foldPayment([created(), presented()]))).toBe('processing');
  });
  it('repeats to nothing, however far it has come', () => {
    given([created(), presented()]).when(present()).thenNothing();
    given([created(), presented(), inspected, charged()]).when(present()).thenNothing();
    given([created(), presented(), refused('x')])
      .when(present())
      .thenNothing();
  });
  it.each([
    ['another one is being looked at', [created(), presented('t0')], OperationInProgress],
    ['an attempt has no outcome', [created(), requested()], OperationInProgress],
    ['the money is held', anAuthorization(), PaymentNotConfirmable],
    ['the money was taken', aCharge(), PaymentNotConfirmable],
    [
      'the payer has an action to finish',
      [created(), requested(), words.event('PaymentActionRequired', { ...words.charge(), action: 'use_stripe_sdk' })],
      PaymentNotConfirmable,
    ],
    ['nothing was created', [], PaymentNotFound],
  ])('is refused while %s', (_, events, refusal) => {
    given(events).when(present()).thenRefuses(refusal);
  });
  it('is taken again after a decline, and after a token that was refused', () => {
    given([created(), requested(), failed()]).when(present()).then([presented()]);
    given([created(), presented('t0'), words.event('ConfirmationTokenRefused', { confirmationId: 't0', code: 'x' })])
      .when(present())
      .then([presented()]);
  });
  it('keeps everything else off until it has ended', () => {
    const history = [created(), presented()];
    given(history)
      .when(ask('ConfirmPayment', { paymentMethodId: 'm1' }))
      .thenRefuses(OperationInProgress);
    given(history)
      .when(ask('CancelPayment', { cancelId: 'x1' }))
      .thenRefuses(OperationInProgress);
  });
});

describe('what was found in a presented token', () => {
  const inspection = ask('RecordConfirmationInspected', found);
  it('is recorded together with the attempt that it is charged in', () => {
    given([created(), presented()]).when(inspection).then([inspected, charged()]);
    given([created(), requested(), failed(), presented()])
      .when(inspection)
      .then([inspected, charged(2)]);
  });
  it('is recorded once: the attempt is never asked for twice', () => {
    given([created(), presented(), inspected, charged()]).when(inspection).thenNothing();
    given([created(), presented(), refused('x')])
      .when(inspection)
      .thenNothing();
    given([created()]).when(inspection).thenNothing();
  });
  it('charges nothing where an older attempt turns out to have been paid meanwhile', () => {
    given([created(), requested(), failed(), presented(), words.captured()])
      .when(inspection)
      .then([refused('payment_not_confirmable')]);
  });
  it('charges nothing with a kind that is not allowed', () => {
    const history = [
      created(),
      words.event('ConfirmationTokenPresented', { confirmationId: 't1', methodKinds: ['us_bank_account'] }),
    ];
    given(history)
      .when(inspection)
      .then([refused('payment_method_type_not_allowed')]);
  });
  it('leaves nothing to confirm again with: the token was for that attempt alone', () => {
    const history = [created(), presented(), inspected, charged(), failed()];
    expect(methodOfLatest(foldPayment(history))).toBeUndefined();
    given(history).when(ask('ConfirmPayment', {})).thenRefuses(PaymentMethodRequired);
  });
});

describe('a token that was refused', () => {
  const refusal = ask('RecordConfirmationRefused', { confirmationId: 't1', code: 'confirmation_token_expired' });
  it('leaves the payment as it was before', () => {
    const history = [created(), presented()];
    given(history)
      .when(refusal)
      .then([refused('confirmation_token_expired')]);
    const before = foldPayment(history);
    expect(statusOf(decide(refusal, before).reduce(evolve, before))).toBe('requires_payment_method');
  });
  it('stays what it was found to be before', () => {
    given([created(), presented(), inspected, charged()]).when(refusal).thenNothing();
  });
});
