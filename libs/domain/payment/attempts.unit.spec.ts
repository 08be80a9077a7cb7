import { AmountTooSmall, CurrencyUnknown } from '../money/index.js';
import * as words from '../testing/payments.js';
import { aCharge, anAuthorization, ask, at, created, failed, given, requested } from '../testing/payments.js';
import {
  OperationInProgress,
  PaymentAlreadyExists,
  PaymentMethodRequired,
  PaymentNotCancelable,
  PaymentNotConfirmable,
  PaymentNotFound,
  foldPayment,
  operationInFlight,
  statusOf,
} from './index.js';

const terms = { paymentId: 'p1', customerId: 'c1', amount: 5_000, currency: 'usd', captureMethod: 'manual' } as const;
const actionRequired = words.event('PaymentActionRequired', { ...words.charge(), action: 'use_stripe_sdk' });
const processing = words.event('PaymentProcessing', words.charge());
const cancelRequested = words.event('CancelRequested', { ...words.charge(), cancelId: 'x1' });
const canceled = (attempt = 1) => words.event('PaymentCanceled', { attempt });

describe('creating a payment', () => {
  it('without a payment method waits for one', () => {
    given([]).when(ask('CreatePayment', terms)).then([created()]);
    expect(statusOf(foldPayment([created()]))).toBe('requires_payment_method');
  });
  it('with a payment method requests the first attempt', () => {
    given([])
      .when(ask('CreatePayment', { ...terms, paymentMethodId: 'm1' }))
      .then([created(), requested()]);
    expect(statusOf(foldPayment([created(), requested()]))).toBe('processing');
  });
  it('repeats to nothing, and refuses other terms under the same id', () => {
    given([created()]).when(ask('CreatePayment', terms)).thenNothing();
    given([created()])
      .when(ask('CreatePayment', { ...terms, amount: 6_000 }))
      .thenRefuses(PaymentAlreadyExists);
  });
  it('refuses what the processor would refuse, before anything is written', () => {
    given([])
      .when(ask('CreatePayment', { ...terms, amount: 49 }))
      .thenRefuses(AmountTooSmall);
    given([])
      .when(ask('CreatePayment', { ...terms, currency: 'xxx' }))
      .thenRefuses(CurrencyUnknown);
  });
  it('comes before everything else', () => {
    given([]).when(ask('ConfirmPayment', {})).thenRefuses(PaymentNotFound);
    given([]).when(ask('RecordProcessing', words.charge())).thenRefuses(PaymentNotFound);
  });
});

describe('confirming', () => {
  it('requests the first attempt with the method it names', () => {
    given([created()])
      .when(ask('ConfirmPayment', { paymentMethodId: 'm1' }))
      .then([requested()]);
    const refusal = given([created()]).when(ask('ConfirmPayment', {})).thenRefuses(PaymentMethodRequired);
    expect(refusal).toMatchObject({ code: 'payment_method_required', kind: 'invalid', field: 'paymentMethodId' });
  });
  it('after a failure opens the next attempt, by default with the same method', () => {
    given([created(), requested(), failed()])
      .when(ask('ConfirmPayment', {}))
      .then([requested(2)]);
    given([created(), requested(), failed(), requested(2), failed(2)])
      .when(ask('ConfirmPayment', { paymentMethodId: 'm2' }))
      .then([{ ...requested(3), paymentMethodId: 'm2' }]);
  });
  it('waits for the outcome of the attempt before', () => {
    const refusal = given([created(), requested()]).when(ask('ConfirmPayment', {})).thenRefuses(OperationInProgress);
    expect(refusal).toMatchObject({ code: 'operation_in_progress', kind: 'conflict' });
  });
  it.each([
    ['the customer has an action to finish', [created(), requested(), actionRequired]],
    ['the bank has not answered', [created(), requested(), processing]],
    ['the money is held', anAuthorization()],
    ['the money was taken', aCharge()],
    ['it was canceled', [created(), requested(), failed(), canceled()]],
    ['it was canceled before any attempt', [created(), canceled(0)]],
    ['an attempt that had failed turns out to have been paid', [created(), requested(), failed(), words.captured()]],
  ])('is refused while %s', (_, events) => {
    given(events)
      .when(ask('ConfirmPayment', { paymentMethodId: 'm2' }))
      .thenRefuses(PaymentNotConfirmable);
  });
});

describe("an attempt's outcome", () => {
  it.each([
    ['RecordActionRequired', { ...words.charge(), action: 'use_stripe_sdk' }, actionRequired, 'requires_action'],
    ['RecordProcessing', words.charge(), processing, 'processing'],
    ['RecordAuthorization', { ...words.charge(), amount: 5_000 }, words.authorized(), 'authorized'],
    ['RecordFailure', { ...words.charge(), code: 'card_declined', declineCode: 'generic_decline' }, failed(), 'failed'],
    ['RecordCancellation', { attempt: 1 }, canceled(), 'canceled'],
  ] as const)('%s is recorded once', (type, fields, expected, status) => {
    const history = [created(), requested()];
    const fact = { type, ...fields, at } as Parameters<ReturnType<typeof given>['when']>[0];
    given(history).when(fact).then([expected]);
    given([...history, expected])
      .when(fact)
      .thenNothing();
    expect(statusOf(foldPayment([...history, expected]))).toBe(status);
  });
  it('with automatic capture is the capture itself', () => {
    given([created('automatic'), requested(1, 'automatic')])
      .when(ask('RecordCapture', { ...words.charge(), captureId: 'k1', amount: 5_000, final: true }))
      .then([words.captured()]);
    expect(statusOf(foldPayment(aCharge()))).toBe('succeeded');
  });
  it('carries no client secret, whatever the caller passes', () => {
    const leaky = { ...ask('RecordActionRequired', { ...words.charge(), action: 'x' }), clientSecret: 'pi_1_secret' };
    given([created(), requested()])
      .when(leaky)
      .then([words.event('PaymentActionRequired', { ...words.charge(), action: 'x' })]);
  });
  it.each([
    [
      'an action, once the bank is at work',
      [processing],
      ask('RecordActionRequired', { ...words.charge(), action: 'x' }),
    ],
    ['processing, once authorized', [words.authorized()], ask('RecordProcessing', words.charge())],
    ['a failure, once authorized', [words.authorized()], ask('RecordFailure', { attempt: 1, code: 'card_declined' })],
    ['processing, once captured (hyperswitch #9925)', [words.captured()], ask('RecordProcessing', words.charge())],
    [
      'a failure, once captured (hyperswitch #9925)',
      [words.captured()],
      ask('RecordFailure', { attempt: 1, code: 'card_declined' }),
    ],
    ['a failure, once canceled', [canceled()], ask('RecordFailure', { attempt: 1, code: 'card_declined' })],
  ])('is stale and changes nothing: %s', (_, events, fact) => {
    given([created(), requested(), ...events])
      .when(fact)
      .thenNothing();
  });
  it('of an older attempt never reopens a newer one (polar PR #14274)', () => {
    const history = [created('automatic'), requested(), failed(), requested(2), words.captured(5_000, { attempt: 2 })];
    given(history)
      .when(ask('RecordFailure', { ...words.charge(), code: 'card_declined', declineCode: 'generic_decline' }))
      .thenNothing();
    const late = words.event('PaymentFailed', { ...words.charge(), code: 'expired', declineCode: 'expired_card_long' });
    expect(statusOf(foldPayment([...history, late]))).toBe('succeeded');
    const waiting = foldPayment([...history.slice(0, 4), late]);
    expect(statusOf(waiting)).toBe('processing');
    expect(operationInFlight(waiting)).toEqual({ kind: 'attempt', id: '2' });
  });
  it('that succeeds after a failure is recorded and flagged', () => {
    given([created(), requested(), failed()])
      .when(ask('RecordAuthorization', { ...words.charge(), amount: 5_000 }))
      .then([words.authorized(), words.drift('PaymentAuthorized', 'success_after_failure', { attempt: 1 })]);
  });
  it('of an attempt that nobody requested is recorded and flagged', () => {
    given([created()])
      .when(ask('RecordProcessing', words.charge()))
      .then([processing, words.drift('PaymentProcessing', 'attempt_not_requested', { attempt: 1 })]);
  });
});

describe('canceling', () => {
  it('before any attempt needs no processor', () => {
    const done = words.event('PaymentCanceled', { attempt: 0, cancelId: 'x1', reason: 'duplicate' });
    given([created()])
      .when(ask('CancelPayment', { cancelId: 'x1', reason: 'duplicate' }))
      .then([done]);
    given([created(), done])
      .when(ask('CancelPayment', { cancelId: 'x1' }))
      .thenNothing();
    expect(statusOf(foldPayment([created(), done]))).toBe('canceled');
  });
  it.each([
    ['authorized', anAuthorization()],
    ['waiting for the customer', [created(), requested(), actionRequired]],
    ['failed', [created(), requested(), failed()]],
  ])('a payment that is %s asks the processor', (_, events) => {
    given(events)
      .when(ask('CancelPayment', { cancelId: 'x1' }))
      .then([cancelRequested]);
    given([...events, cancelRequested])
      .when(ask('CancelPayment', { cancelId: 'x1' }))
      .thenNothing();
    given([...events, cancelRequested])
      .when(ask('CancelPayment', { cancelId: 'x2' }))
      .thenRefuses(OperationInProgress);
    expect(operationInFlight(foldPayment([...events, cancelRequested, canceled()]))).toBeUndefined();
  });
  it('can fail, and be asked for again', () => {
    const history = [...anAuthorization(), cancelRequested];
    const refused = words.event('CancelFailed', { cancelId: 'x1', code: 'payment_intent_unexpected_state' });
    given(history)
      .when(ask('RecordCancelFailure', { cancelId: 'x1', code: 'payment_intent_unexpected_state' }))
      .then([refused]);
    given([...history, refused])
      .when(ask('CancelPayment', { cancelId: 'x2' }))
      .then([{ ...cancelRequested, cancelId: 'x2' }]);
  });
  it.each([
    ['captured', aCharge()],
    ['partly captured', [...anAuthorization(true), words.captured(1_000, { final: false })]],
    ['canceled', [created(), requested(), canceled()]],
    ['being processed by a bank', [created(), requested(), processing]],
  ])('is refused when %s', (_, events) => {
    const refusal = given(events)
      .when(ask('CancelPayment', { cancelId: 'x9' }))
      .thenRefuses(PaymentNotCancelable);
    expect(refusal).toMatchObject({ code: 'payment_not_cancelable', kind: 'conflict' });
  });
  it('reported for money that was taken is recorded and flagged, and the money still counts (hyperswitch #9925)', () => {
    given(aCharge())
      .when(ask('RecordCancellation', { attempt: 1 }))
      .then([canceled(), words.drift('PaymentCanceled', 'captured_and_canceled', { attempt: 1, captured: 5_000 })]);
    expect(statusOf(foldPayment([...aCharge(), canceled()]))).toBe('succeeded');
  });
});
