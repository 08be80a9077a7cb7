import type { CheckoutMethodKind } from '#domain/checkout-session';
import type { CaptureMethod } from '#domain/payment';
import { assertChargeable, parseCurrency } from '#domain/money';

import { InvalidInput } from '../intake/index.js';
import { methodKinds } from '../payment-method/method-kinds.js';
import type { CreateCheckoutSessionDto } from './dto.js';

/** What is to be paid on a session. */
export interface PaymentTerms {
  amount: number;
  currency: string;
  captureMethod: CaptureMethod;
  orderId?: string;
}

/** What is asked for on the page: what is paid, if anything, and with what. */
export interface CheckoutTerms {
  payment: PaymentTerms | undefined;
  methodKinds: readonly CheckoutMethodKind[];
}

const ofPayments = ['amount', 'currency', 'captureMethod', 'orderId'] as const;

const missing = (field: string) => new InvalidInput('invalid', 'missing_field', `${field} is missing`, field);

const paymentOf = ({ amount, currency: code, captureMethod = 'automatic', orderId }: CreateCheckoutSessionDto) => {
  if (amount === undefined) throw missing('amount');
  if (code === undefined) throw missing('currency');
  const currency = parseCurrency(code);
  assertChargeable(amount, currency);
  return { amount, currency, captureMethod, ...(orderId !== undefined && { orderId }) };
};

/** Banks are debited in dollars, and hold nothing for later. */
const mayDebit = ({ currency, captureMethod }: PaymentTerms): boolean =>
  currency === 'usd' && captureMethod === 'automatic';

/**
 * The terms of a session, whole. Throws InvalidInput for what is missing or fits no other term, and what assertChargeable throws.
 */
export const termsOf = (body: CreateCheckoutSessionDto): CheckoutTerms => {
  const { mode, paymentMethodTypes } = body;
  if (mode === 'setup') {
    const stray = ofPayments.find((field) => body[field] !== undefined);
    if (stray) throw new InvalidInput('invalid', 'unknown_field', `${stray} is of mode payment; remove it`, stray);
    return { payment: undefined, methodKinds: paymentMethodTypes ?? methodKinds };
  }
  const payment = paymentOf(body);
  if (paymentMethodTypes?.includes('us_bank_account') && !mayDebit(payment))
    throw new InvalidInput(
      'unprocessable',
      'payment_method_type_not_allowed',
      'bank accounts are debited in usd, with captureMethod automatic; leave us_bank_account out',
      'paymentMethodTypes',
    );
  return { payment, methodKinds: paymentMethodTypes ?? (mayDebit(payment) ? methodKinds : ['card']) };
};
