import { changed } from '../join.js';
import { Refusal } from '../refusal.js';
import type {
  CheckoutSessionCommand,
  CreateCheckoutSession,
  ExpireCheckoutSession,
  StartCheckoutSetup,
} from './commands.js';
import type { CheckoutMethodKind, CheckoutMode, CheckoutSessionEvent } from './events.js';

export interface CheckoutSession {
  /** Empty until created. */
  checkoutSessionId: string;
  mode: CheckoutMode;
  customerId: string;
  paymentId?: string;
  setupIntentId?: string;
  /** When that setup was named. */
  setupStartedAt?: string;
  methodKinds: readonly CheckoutMethodKind[];
  /** Sealed text. */
  returns?: string;
  createdAt: string;
  expiresAt: string;
  /** Closed before its time. */
  expired: boolean;
}

export const initialCheckoutSession: CheckoutSession = {
  checkoutSessionId: '',
  mode: 'payment',
  customerId: '',
  methodKinds: [],
  createdAt: '',
  expiresAt: '',
  expired: false,
};

/** `complete`: what it is for is done. `expired`: nothing can be done on it any more. */
export type CheckoutStatus = 'open' | 'complete' | 'expired';

export class CheckoutSessionNotFound extends Refusal {
  constructor() {
    super('checkout_session_not_found', 'not_found', 'there is no such checkout session; create one', { field: 'id' });
  }
}

export class CheckoutSessionClosed extends Refusal {
  constructor(
    { checkoutSessionId }: CheckoutSession,
    readonly status: Exclude<CheckoutStatus, 'open'>,
  ) {
    const why = status === 'complete' ? 'is done: nothing is left to pay or to set up' : 'has expired; create another';
    super(`checkout_session_${status}`, 'conflict', `checkout session ${checkoutSessionId} ${why}`, {
      details: { checkoutSessionId },
    });
  }
}

/** How the session stands at `at`, RFC 3339. `complete` says whether what it is for is done. */
export const checkoutStatusOf = (session: CheckoutSession, complete: boolean, at: string): CheckoutStatus => {
  if (complete) return 'complete';
  return session.expired || Date.parse(at) >= Date.parse(session.expiresAt) ? 'expired' : 'open';
};

/** Throws CheckoutSessionNotFound, or CheckoutSessionClosed for one that is complete or expired. */
export const assertCheckoutOpen = (session: CheckoutSession, complete: boolean, at: string): void => {
  if (session.checkoutSessionId === '') throw new CheckoutSessionNotFound();
  const status = checkoutStatusOf(session, complete, at);
  if (status !== 'open') throw new CheckoutSessionClosed(session, status);
};

/** Folds one event into the session. */
export const evolveCheckoutSession = (session: CheckoutSession, event: CheckoutSessionEvent): CheckoutSession => {
  switch (event.type) {
    case 'CheckoutSessionCreated': {
      const { checkoutSessionId, mode, customerId, paymentId, methodKinds, returns, expiresAt, at } = event;
      const what = { checkoutSessionId, mode, customerId, methodKinds, expiresAt, createdAt: at };
      return { ...session, ...what, ...(paymentId && { paymentId }), ...(returns && { returns }) };
    }
    case 'CheckoutSessionSetupStarted':
      return changed(session, { setupIntentId: event.setupIntentId, setupStartedAt: event.at });
    case 'CheckoutSessionExpired':
      return changed(session, { expired: true });
  }
};

export const foldCheckoutSession = (events: Iterable<CheckoutSessionEvent>): CheckoutSession => {
  let session = initialCheckoutSession;
  for (const event of events) session = evolveCheckoutSession(session, event);
  return session;
};

/** The id derives from the command, so a session that exists is this one: a repeat. */
const create = ({ type: _, ...created }: CreateCheckoutSession, session: CheckoutSession): CheckoutSessionEvent[] =>
  session.checkoutSessionId === '' ? [{ type: 'CheckoutSessionCreated', ...created }] : [];

/** Names the setup that takes in what the payer has just presented. The same one again gives []. */
const startSetup = ({ setupIntentId, at }: StartCheckoutSetup, session: CheckoutSession): CheckoutSessionEvent[] => {
  assertCheckoutOpen(session, false, at);
  return session.setupIntentId === setupIntentId ? [] : [{ type: 'CheckoutSessionSetupStarted', setupIntentId, at }];
};

/** Closes the session. One that has expired gives []. Throws CheckoutSessionClosed for one that is complete. */
const expire = ({ complete, at }: ExpireCheckoutSession, session: CheckoutSession): CheckoutSessionEvent[] => {
  if (session.checkoutSessionId === '') throw new CheckoutSessionNotFound();
  if (complete) throw new CheckoutSessionClosed(session, 'complete');
  return checkoutStatusOf(session, complete, at) === 'expired' ? [] : [{ type: 'CheckoutSessionExpired', at }];
};

/** Decides any command of the session. Throws CheckoutSessionNotFound or CheckoutSessionClosed. */
export const decideCheckoutSession = (
  command: CheckoutSessionCommand,
  session: CheckoutSession,
): CheckoutSessionEvent[] => {
  switch (command.type) {
    case 'CreateCheckoutSession':
      return create(command, session);
    case 'StartCheckoutSetup':
      return startSetup(command, session);
    case 'ExpireCheckoutSession':
      return expire(command, session);
  }
};
