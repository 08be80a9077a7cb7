import { AmountInvalid, AmountNotRepresentable } from '../money/index.js';
import * as words from '../testing/payments.js';
import {
  aCharge,
  anAuthorization,
  ask,
  captureRequested,
  captured,
  created,
  given,
  requested,
} from '../testing/payments.js';
import {
  CaptureExceedsAuthorized,
  MulticaptureNotSupported,
  OperationInProgress,
  PaymentNotCapturable,
  capturable,
  captured as totalCaptured,
  foldPayment,
  statusOf,
} from './index.js';

const report = (amount: number, { attempt = 1, captureId = 'k1', final = true } = {}) =>
  ask('RecordCapture', { ...words.charge(attempt), captureId, amount, final });
const released = (amount: number) => words.event('AuthorizationReleased', { attempt: 1, amount });
const captureFailed = words.event('CaptureFailed', { captureId: 'k1', code: 'charge_expired_for_capture' });

describe('capturing', () => {
  it('takes all that is left and is final, unless said otherwise', () => {
    given(anAuthorization())
      .when(ask('CapturePayment', { captureId: 'k1' }))
      .then([captureRequested()]);
    given(anAuthorization())
      .when(ask('CapturePayment', { captureId: 'k1', amount: 3_000 }))
      .then([captureRequested(3_000)]);
  });
  it('repeats to nothing, whatever became of it (medusa #16292)', () => {
    const again = ask('CapturePayment', { captureId: 'k1', amount: 3_000 });
    const asked = [...anAuthorization(), captureRequested(3_000)];
    given(asked).when(again).thenNothing();
    given([...asked, captured(3_000)])
      .when(again)
      .thenNothing();
    given([...asked, captureFailed])
      .when(again)
      .thenNothing();
  });
  it('a second time waits while the first is unknown (killbill #639)', () => {
    const refusal = given([...anAuthorization(true), captureRequested(1_000, 'k1', false)])
      .when(ask('CapturePayment', { captureId: 'k2', amount: 1_000 }))
      .thenRefuses(OperationInProgress);
    expect(refusal.details).toEqual({ paymentId: 'p1', operation: 'capture', operationId: 'k1' });
  });
  it('that failed leaves the authorization to capture', () => {
    const asked = [...anAuthorization(), captureRequested()];
    given(asked)
      .when(ask('RecordCaptureFailure', { captureId: 'k1', code: 'charge_expired_for_capture' }))
      .then([captureFailed]);
    given([...asked, captureFailed])
      .when(ask('CapturePayment', { captureId: 'k2' }))
      .then([captureRequested(5_000, 'k2')]);
  });
  it('more than is left is refused', () => {
    const refusal = given(anAuthorization())
      .when(ask('CapturePayment', { captureId: 'k1', amount: 5_001 }))
      .thenRefuses(CaptureExceedsAuthorized);
    expect(refusal).toMatchObject({
      code: 'capture_exceeds_authorized',
      kind: 'unprocessable',
      details: { paymentId: 'p1', capturable: 5_000 },
    });
    given([...anAuthorization(true), captured(2_000, { final: false })])
      .when(ask('CapturePayment', { captureId: 'k2', amount: 3_001 }))
      .thenRefuses(CaptureExceedsAuthorized);
  });
  it('refuses an amount that is none', () => {
    given(anAuthorization())
      .when(ask('CapturePayment', { captureId: 'k1', amount: 0 }))
      .thenRefuses(AmountInvalid);
    const kwd = { currency: 'kwd' };
    given([{ ...created(), ...kwd }, { ...requested(), ...kwd }, words.authorized()])
      .when(ask('CapturePayment', { captureId: 'k1', amount: 1_234 }))
      .thenRefuses(AmountNotRepresentable);
  });
  it('several times needs a processor object that allows it', () => {
    given(anAuthorization())
      .when(ask('CapturePayment', { captureId: 'k1', amount: 1_000, final: false }))
      .thenRefuses(MulticaptureNotSupported);
    given(anAuthorization(true))
      .when(ask('CapturePayment', { captureId: 'k1', amount: 1_000, final: false }))
      .then([captureRequested(1_000, 'k1', false)]);
    given([...anAuthorization(true), captured(1_000, { final: false })])
      .when(ask('CapturePayment', { captureId: 'k2' }))
      .then([captureRequested(4_000, 'k2')]);
  });
  it.each([
    ['nothing is held yet', [created()]],
    ['it was captured for good', [...anAuthorization(), captured(3_000)]],
    ['all of it was captured', [...anAuthorization(true), captured(5_000, { final: false })]],
    ['it was charged at once', aCharge()],
    ['it was canceled', [...anAuthorization(), words.event('PaymentCanceled', { attempt: 1 })]],
    ['it failed', [created(), requested(), words.failed()]],
  ])('is refused when %s', (_, events) => {
    const refusal = given(events)
      .when(ask('CapturePayment', { captureId: 'k9' }))
      .thenRefuses(PaymentNotCapturable);
    expect(refusal).toMatchObject({ code: 'payment_not_capturable', kind: 'conflict' });
  });
});

describe('a capture that the processor reports', () => {
  const asked = [...anAuthorization(), captureRequested(3_000)];

  it('is recorded once, and releases what it leaves (medusa #13301)', () => {
    given(asked)
      .when(report(3_000))
      .then([captured(3_000), released(2_000)]);
    given([...asked, captured(3_000), released(2_000)])
      .when(report(3_000))
      .thenNothing();
  });
  it('that is not final releases nothing and holds the rest', () => {
    const several = [...anAuthorization(true), captureRequested(1_000, 'k1', false)];
    given(several)
      .when(report(1_000, { final: false }))
      .then([captured(1_000, { final: false })]);
    const payment = foldPayment([...several, captured(1_000, { final: false })]);
    expect([statusOf(payment), capturable(payment), totalCaptured(payment)]).toEqual(['authorized', 4_000, 1_000]);
  });
  it('before the authorization is known counts all the same, and the rest is released once it is', () => {
    given([created(), requested(), captureRequested(3_000), captured(3_000)])
      .when(ask('RecordAuthorization', { ...words.charge(), amount: 5_000 }))
      .then([words.authorized(), released(2_000)]);
  });
  it('after it was said to have failed counts all the same', () => {
    given([...asked, captureFailed])
      .when(report(3_000))
      .then([captured(3_000), released(2_000)]);
  });
  it('above the authorization is recorded and flagged', () => {
    given([...anAuthorization(), captureRequested()])
      .when(report(6_000))
      .then([
        captured(6_000),
        words.drift('PaymentCaptured', 'captured_exceeds_authorized', {
          attempt: 1,
          captured: 6_000,
          authorized: 5_000,
        }),
        words.drift('PaymentCaptured', 'amount_differs', { id: 'k1', recorded: 5_000, reported: 6_000 }),
      ]);
  });
  it('that nobody asked for is recorded and flagged', () => {
    given(anAuthorization())
      .when(report(5_000))
      .then([captured(), words.drift('PaymentCaptured', 'capture_not_requested', { captureId: 'k1', amount: 5_000 })]);
  });
  it('for the first attempt, after the second was captured, is recorded and flagged: the customer paid twice', () => {
    const automatic = [created('automatic'), requested(1, 'automatic'), words.failed(), requested(2, 'automatic')];
    const history = [...automatic, captured(5_000, { attempt: 2, captureId: 'k2' })];
    given(history)
      .when(report(5_000))
      .then([
        captured(),
        words.drift('PaymentCaptured', 'captured_twice', { captured: 10_000 }),
        words.drift('PaymentCaptured', 'success_after_failure', { attempt: 1 }),
      ]);
    const payment = foldPayment([...history, captured()]);
    expect([statusOf(payment), totalCaptured(payment)]).toEqual(['succeeded', 10_000]);
  });
  it('with another amount than before is flagged once, and the first stands', () => {
    const differs = words.drift('PaymentCaptured', 'amount_differs', { id: 'k1', recorded: 5_000, reported: 4_000 });
    given(aCharge()).when(report(4_000)).then([differs]);
    given([...aCharge(), differs])
      .when(report(4_000))
      .thenNothing();
    expect(totalCaptured(foldPayment([...aCharge(), differs]))).toBe(5_000);
  });
});

describe('a capture reported under another charge', () => {
  it('is flagged once, and booked no second time: one attempt charged twice', () => {
    const other = ask('RecordCapture', {
      attempt: 1,
      captureId: 'k1',
      processorPaymentId: 'pi_other',
      amount: 5_000,
      final: true,
    });
    const differs = { id: 'k1', recorded: 'pi_1', reported: 'pi_other' };
    const flagged = words.drift('PaymentCaptured', 'charge_differs', differs);
    given(aCharge()).when(other).then([flagged]);
    given([...aCharge(), flagged])
      .when(other)
      .thenNothing();
  });
});

describe('an authorization', () => {
  it('beside one that took the money is recorded and flagged', () => {
    given([...aCharge(), requested(2)])
      .when(ask('RecordAuthorization', { ...words.charge(2), amount: 5_000 }))
      .then([words.authorized(2), words.drift('PaymentAuthorized', 'authorized_twice', { attempts: 2 })]);
  });
  it('that comes late for an attempt that had failed can be captured', () => {
    const history = [created(), requested(), words.failed(), requested(2), words.failed(2), words.authorized()];
    expect(statusOf(foldPayment(history))).toBe('authorized');
    given(history)
      .when(ask('CapturePayment', { captureId: 'k1' }))
      .then([captureRequested()]);
  });
});
