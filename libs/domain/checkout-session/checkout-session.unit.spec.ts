import { specificationOf } from '../testing/given-when-then.js';
import type { CheckoutSessionEvent } from './index.js';
import {
  CheckoutSessionClosed,
  CheckoutSessionNotFound,
  checkoutStatusOf,
  decideCheckoutSession,
  evolveCheckoutSession,
  foldCheckoutSession,
  initialCheckoutSession,
} from './index.js';

const at = '2026-11-21T10:00:00.000Z';
const later = '2026-11-21T11:00:00.000Z';
const what = {
  checkoutSessionId: 's1',
  mode: 'setup',
  customerId: 'c1',
  methodKinds: ['card'],
  expiresAt: later,
} as const;
const created: CheckoutSessionEvent = { type: 'CheckoutSessionCreated', ...what, at };
const expired: CheckoutSessionEvent = { type: 'CheckoutSessionExpired', at };
const { given } = specificationOf({
  initial: initialCheckoutSession,
  evolve: evolveCheckoutSession,
  decide: decideCheckoutSession,
});

describe('a checkout session', () => {
  it('is created once', () => {
    given([])
      .when({ type: 'CreateCheckoutSession', ...what, at })
      .then([created]);
    given([created])
      .when({ type: 'CreateCheckoutSession', ...what, at })
      .thenNothing();
  });

  it('is open until its time is over, somebody closes it, or what it is for is done', () => {
    const session = foldCheckoutSession([created]);
    expect(checkoutStatusOf(session, false, '2026-11-21T10:59:59.999Z')).toBe('open');
    expect(checkoutStatusOf(session, false, later)).toBe('expired');
    expect(checkoutStatusOf(session, true, later)).toBe('complete');
    expect(checkoutStatusOf(foldCheckoutSession([created, expired]), false, at)).toBe('expired');
  });

  it('is closed once, and not once it is done', () => {
    given([created]).when({ type: 'ExpireCheckoutSession', complete: false, at }).then([expired]);
    given([created, expired]).when({ type: 'ExpireCheckoutSession', complete: false, at }).thenNothing();
    const refusal = given([created])
      .when({ type: 'ExpireCheckoutSession', complete: true, at })
      .thenRefuses(CheckoutSessionClosed);
    expect(refusal.code).toBe('checkout_session_complete');
    given([]).when({ type: 'ExpireCheckoutSession', complete: false, at }).thenRefuses(CheckoutSessionNotFound);
  });

  it('names the setup of whoever presented something last', () => {
    const started = (setupIntentId: string): CheckoutSessionEvent => ({
      type: 'CheckoutSessionSetupStarted',
      setupIntentId,
      at,
    });
    given([created])
      .when({ type: 'StartCheckoutSetup', setupIntentId: 'i1', at })
      .then([started('i1')]);
    given([created, started('i1')])
      .when({ type: 'StartCheckoutSetup', setupIntentId: 'i1', at })
      .thenNothing();
    given([created, started('i1')])
      .when({ type: 'StartCheckoutSetup', setupIntentId: 'i2', at })
      .then([started('i2')]);
    given([created])
      .when({ type: 'StartCheckoutSetup', setupIntentId: 'i1', at: later })
      .thenRefuses(CheckoutSessionClosed);
  });
});
