import type Stripe from 'stripe';

import type { ProcessorConfirmationToken } from '../port.js';

/** Whether a token is that of a confirmation, made by the payer's browser, and not of a payment method. */
export const isConfirmationToken = (token: string): boolean => token.startsWith('ctoken_');

/** What a confirmation token holds, in the port's words. */
export const confirmationOf = ({
  payment_method_preview: preview,
}: Stripe.ConfirmationToken): ProcessorConfirmationToken => {
  if (preview?.card) {
    const { brand, last4, exp_month: expMonth, exp_year: expYear, funding, country, fingerprint } = preview.card;
    const details = { kind: 'card', brand, last4, expMonth, expYear, funding, country: country ?? undefined } as const;
    return { details, fingerprint: fingerprint ?? undefined };
  }
  if (preview?.us_bank_account) {
    const { bank_name: bankName, last4, fingerprint } = preview.us_bank_account;
    const details = { kind: 'us_bank_account', bankName: bankName ?? '', last4: last4 ?? '' } as const;
    return { details, fingerprint: fingerprint ?? undefined };
  }
  return { details: { kind: 'other', type: preview?.type ?? 'unknown' } };
};
