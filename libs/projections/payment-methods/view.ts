import type { PaymentMethod, PaymentMethodKind } from '#domain/payment-method';

export interface CardDetails {
  brand: string;
  last4: string;
  expMonth: number;
  expYear: number;
  funding?: string;
  country?: string;
  fingerprint?: string;
}

export interface BankAccountDetails {
  bankName: string;
  last4: string;
  fingerprint?: string;
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
  /** The payer's permission for bank debits; there for a bank account of which one is known. */
  mandate?: { processorMandateId: string; status: MandateStatus };
  /** Whether it is what the customer is offered first. */
  isDefault: boolean;
  /** Whether the card ends within thirty days, of which a notice was given. */
  expiring: boolean;
  failure: { code: string; declineCode: string | null } | null;
  createdAt: string;
}

type MandateStatus = NonNullable<PaymentMethod['mandates']>[string];

const mostTelling: readonly MandateStatus[] = ['active', 'pending', 'inactive'];

/** Of several permissions one that holds, or else one that may. */
const mandateOf = ({ mandates = {} }: PaymentMethod): Pick<PaymentMethodView, 'mandate'> => {
  for (const status of mostTelling) {
    const [processorMandateId] = Object.keys(mandates).filter((id) => mandates[id] === status);
    if (processorMandateId !== undefined) return { mandate: { processorMandateId, status } };
  }
  return {};
};

/** The last month in which a card can be charged, as `YYYY-MM`. */
export const expiresOn = ({ expMonth, expYear }: Pick<CardDetails, 'expMonth' | 'expYear'>): string =>
  `${expYear}-${String(expMonth).padStart(2, '0')}`;

const isExpiring = ({ expiryNotices = {} }: PaymentMethod, { card }: Pick<PaymentMethodView, 'card'>): boolean =>
  card !== undefined && expiryNotices[expiresOn(card)] === true;

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

/** Shows a payment method with its opened details: undefined while not attached, 'erased' when they cannot be opened. What is detached is nobody's default. Pure. */
export const paymentMethodView = (
  method: PaymentMethod,
  details: PaymentMethodDetails | 'erased' | undefined,
  defaultPaymentMethodId?: string,
): PaymentMethodView => {
  const { attachment } = method;
  const shown = shownDetails(details);
  return {
    id: method.paymentMethodId,
    customerId: method.customerId,
    type: method.kind,
    status: statusOf(method, details === 'erased'),
    ...shown,
    ...(method.kind === 'us_bank_account' && mandateOf(method)),
    isDefault: method.paymentMethodId === defaultPaymentMethodId && !method.detached,
    expiring: isExpiring(method, shown),
    failure:
      attachment.phase === 'failed' ? { code: attachment.code, declineCode: attachment.declineCode ?? null } : null,
    createdAt: method.createdAt,
  };
};
