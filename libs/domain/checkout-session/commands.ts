import type { CheckoutSessionCreated } from './events.js';

/** Time and ids come with the command. */
export type CreateCheckoutSession = Omit<CheckoutSessionCreated, 'type'> & { type: 'CreateCheckoutSession' };

export interface StartCheckoutSetup {
  type: 'StartCheckoutSetup';
  setupIntentId: string;
  at: string;
}

export interface ExpireCheckoutSession {
  type: 'ExpireCheckoutSession';
  /** Whether what it is for is done: read from the payment or the setup. */
  complete: boolean;
  at: string;
}

export type CheckoutSessionCommand = CreateCheckoutSession | StartCheckoutSetup | ExpireCheckoutSession;
