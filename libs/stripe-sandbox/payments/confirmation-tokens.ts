/**
 * Confirmation tokens: what a customer put into the payment form, for one confirmation by the server.
 * https://docs.stripe.com/api/confirmation_tokens
 */
import type { ConfirmationTokenRecord, PaymentMethodRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { refused, resourceMissing } from '../wire/errors.js';
import { newPaymentMethod } from './payment-methods.js';

export const TOKEN_LIFE_SECONDS = 12 * 60 * 60;

const PARAM = 'confirmation_token';

/** The token, while it is good or once it has been used. Throws resource_missing for one that has expired, too. */
export const confirmationToken = (work: Work, id: string, param = 'id'): ConfirmationTokenRecord => {
  const token = work.get('confirmation_token', id, param);
  const isUsed = token.payment_intent !== undefined || token.setup_intent !== undefined;
  if (!isUsed && token.expires_at <= work.now) throw resourceMissing('confirmation_token', id, param);
  return token;
};

/** What the token says of a payment besides its method, and the method that it became. */
export interface TokenUse {
  method: PaymentMethodRecord;
  token: ConfirmationTokenRecord;
}

/** Makes the token's payment method, for the intent `intentId`. Throws resource_missing, and a 400 for one that was used before. */
export const spendConfirmationToken = (
  work: Work,
  id: string,
  kind: 'payment_intent' | 'setup_intent',
  intentId: string,
): TokenUse => {
  const token = confirmationToken(work, id, PARAM);
  const usedBy = token.payment_intent ?? token.setup_intent;
  if (usedBy !== undefined) {
    throw refused(
      `The ConfirmationToken ${id} has already been used to confirm ${usedBy}. A ConfirmationToken can be used only once: ` +
        'create a new one.',
      undefined,
      PARAM,
    );
  }
  const { type, test, ...given } = token.method;
  const method = token.payment_method
    ? work.get('payment_method', token.payment_method, PARAM)
    : work.save('payment_method', newPaymentMethod(work, type, test, given));
  return { method, token: work.save('confirmation_token', { ...token, [kind]: intentId }) };
};
