import { ask, charge, created, event, failed, given, requested } from '../testing/payments.js';
import {
  OperationInProgress,
  PaymentActionUnfinished,
  PaymentNotConfirmable,
  foldPayment,
  maxFinishes,
  operationInFlight,
  statusOf,
  type PaymentEvent,
} from './index.js';

const presented = event('PaymentRequested', {
  ...{ attempt: 1, paymentMethodId: 't1', presented: true, methodKind: 'card' },
  ...{ customerId: 'c1', amount: 5_000, currency: 'usd', captureMethod: 'automatic' },
});
const asked = event('PaymentActionRequired', { ...charge(), action: 'use_stripe_sdk' });
const waiting = [created('automatic'), presented, asked];
const finish = ask('FinishPaymentAction', { actionId: 'a1' });
const finished = (actionId = 'a1') => event('PaymentActionFinished', { actionId, attempt: 1 });
const still = (actionId = 'a1') => event('PaymentActionStillRequired', { actionId, attempt: 1 });

describe('an action of the payer', () => {
  it('is said to be finished, and nobody knows then whether it is', () => {
    given([...waiting])
      .when(finish)
      .then([finished()]);
    const payment = foldPayment([...waiting, finished()]);
    expect(statusOf(payment)).toBe('processing');
    expect(operationInFlight(payment)).toEqual({ kind: 'action', id: 'a1' });
  });

  it('is said to be finished once at a time, from however many tabs', () => {
    const again = ask('FinishPaymentAction', { actionId: 'a2' });
    given([...waiting, finished()])
      .when(finish)
      .thenNothing();
    given([...waiting, finished()])
      .when(again)
      .thenNothing();
    given([...waiting, finished(), still()])
      .when(again)
      .then([finished('a2')]);
  });

  it('that is still required lets the payer go on', () => {
    const record = ask('RecordActionStillRequired', { actionId: 'a1', attempt: 1 });
    given([...waiting, finished()])
      .when(record)
      .then([still()]);
    given([...waiting, finished(), still()])
      .when(record)
      .thenNothing();
    expect(statusOf(foldPayment([...waiting, finished(), still()]))).toBe('requires_action');
    expect(operationInFlight(foldPayment([...waiting, finished(), still()]))).toBeUndefined();
  });

  it.each<[string, PaymentEvent[]]>([
    ['nothing was asked', [created('automatic'), presented]],
    ['the attempt has failed', [...waiting, failed()]],
    ['the processor goes on by itself', [created('automatic'), requested(1, 'automatic'), asked]],
    ['there is no attempt', [created()]],
  ])('cannot be said to be finished where %s', (_, events) => {
    given(events).when(finish).thenRefuses(PaymentNotConfirmable);
  });

  it('ends with the attempt, whatever was said of it', () => {
    expect(operationInFlight(foldPayment([...waiting, finished(), failed()]))).toBeUndefined();
    expect(statusOf(foldPayment([...waiting, finished(), failed()]))).toBe('failed');
  });

  it('keeps a payment from being canceled while it is looked at', () => {
    given([...waiting, finished()])
      .when(ask('CancelPayment', { cancelId: 'x1' }))
      .thenRefuses(OperationInProgress);
  });

  it('is not said to be finished without end', () => {
    const many = Array.from({ length: maxFinishes }, (_, n) => [finished(`b${n}`), still(`b${n}`)]).flat();
    given([...waiting, ...many])
      .when(finish)
      .thenRefuses(PaymentActionUnfinished);
  });
});
