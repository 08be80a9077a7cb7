import type { CheckoutSession } from '#domain/checkout-session';

/** Where the payer goes on. The caller's own addresses: sealed, since nobody knows what they hold. */
export interface CheckoutReturns {
  successUrl?: string | undefined;
  cancelUrl?: string | undefined;
}

/** Where the addresses of a session stand, for `Keys.sealPersonal` and `openPersonal`. */
export const returnsPlaceOf = (
  tenantId: string,
  { checkoutSessionId, customerId }: Pick<CheckoutSession, 'checkoutSessionId' | 'customerId'>,
) =>
  ({
    tenantId,
    subjectId: customerId,
    purpose: 'contact',
    record: `CheckoutSessionCreated.returns/${checkoutSessionId}`,
  }) as const;
