import { eventTypes } from '#contracts';

import { UnknownEventType, eventTypesOf } from './event-filter.js';

describe('a list of event types', () => {
  it('names them, or all that a pattern matches, each once and in the order of the registry', () => {
    expect(eventTypesOf('RefundSucceeded,PaymentCaptured')).toEqual(['PaymentCaptured', 'RefundSucceeded']);
    expect(eventTypesOf('Capture*, CaptureFailed')).toEqual(['CaptureRequested', 'CaptureFailed']);
    expect(eventTypesOf('*Failed')).toContain('RefundFailed');
    expect(eventTypesOf('*')).toEqual(Object.keys(eventTypes));
  });

  it.each([
    ['PaymentCapturd', 'PaymentCapturd'],
    ['paymentCaptured', 'paymentCaptured'],
    ['Payment*,Foo*', 'Foo*'],
    ['PaymentCaptured,', ''],
    ['', ''],
    ['(a+)+$', '(a+)+$'],
    ['Payment.aptured', 'Payment.aptured'],
    ['*'.repeat(5_000), '*'.repeat(100)],
  ])('is refused where an entry matches nothing: %p', (list, named) => {
    expect(() => eventTypesOf(list)).toThrow(UnknownEventType);
    expect(() => eventTypesOf(list)).toThrow(`no event type matches ${named}`);
  });
});
