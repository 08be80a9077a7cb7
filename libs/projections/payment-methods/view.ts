import type { PaymentMethod, PaymentMethodKind } from '#domain/payment-method';

export interface CardDetails {
  brand: string;
  last4: string;
  expMonth: number;
  expYear: number;
  funding?: string;
  country?: string;
}

export interface BankAccountDetails {
  bankName: string;
  last4: string;
}

/** What `PaymentMethodAttached.details`, and later `PaymentMethodUpdated.details`, seals, opened by a caller who may. */
export type PaymentMethodDetails = CardDetails | BankAccountDetails;

/** `detached` once it was taken from its customer, `erased` once the keys of the person are gone. */
export type PaymentMethodStatus = 'pending' | 'attached' | 'failed' | 'detached' | 'erased';

/** A payment method as the outside sees it: `card` or `usBankAccount` is there for that type, once attached. */
export interface PaymentMethodView {
  id: string;
  customerId: string;
  type: PaymentMethodKind;
  status: PaymentMethodStatus;
  card?: { brand: string; last4: string; expMonth: number; expYear: number };
  usBankAccount?: { bankName: string; last4: string };
  failure: { code: string; declineCode: string | null } | null;
  createdAt: string;
}

/** The sealed text to open before `paymentMethodView`; undefined while nothing is attached. */
export const sealedDetailsOf = ({ attachment }: PaymentMethod): string | undefined =>
  attachment.phase === 'attached' ? attachment.details : undefined;

const statusOf = ({ attachment, detached }: PaymentMethod, erased: boolean): PaymentMethodStatus => {
  if (attachment.phase === 'attached' && erased) return 'erased';
  if (detached) return 'detached';
  return attachment.phase === 'requested' ? 'pending' : attachment.phase;
};

const shownDetails = (
  details: PaymentMethodDetails | 'erased' | undefined,
): Pick<PaymentMethodView, 'card' | 'usBankAccount'> => {
  if (details === undefined || details === 'erased') return {};
  if ('bankName' in details) return { usBankAccount: { bankName: details.bankName, last4: details.last4 } };
  const { brand, last4, expMonth, expYear } = details;
  return { card: { brand, last4, expMonth, expYear } };
};

/** Shows a payment method with its opened details: undefined while not attached, 'erased' when they cannot be opened. Pure. */
export const paymentMethodView = (
  method: PaymentMethod,
  details: PaymentMethodDetails | 'erased' | undefined,
): PaymentMethodView => {
  const { attachment } = method;
  return {
    id: method.paymentMethodId,
    customerId: method.customerId,
    type: method.kind,
    status: statusOf(method, details === 'erased'),
    ...shownDetails(details),
    failure:
      attachment.phase === 'failed' ? { code: attachment.code, declineCode: attachment.declineCode ?? null } : null,
    createdAt: method.createdAt,
  };
};
