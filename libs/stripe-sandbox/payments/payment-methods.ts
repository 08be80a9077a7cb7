/** Payment methods from test tokens, and whose they are. */
import { presentPaymentMethod } from '../objects/payment-method.js';
import type { BillingDetails, Metadata, PaymentMethodRecord } from '../state/records.js';
import type { Work } from '../state/work.js';
import { refused, resourceMissing, StripeError } from '../wire/errors.js';
import { testAccountNamed } from './test-accounts.js';
import { testCard, testCardNamed } from './test-cards.js';

/** What is said of a payment method when it is made. */
export interface Given {
  metadata?: Metadata;
  billing_details?: BillingDetails | undefined;
  allow_redisplay?: string | undefined;
  account_holder_type?: string | undefined;
  account_type?: string | undefined;
  financial_connections_account?: string | undefined;
  exp_month?: number | undefined;
  exp_year?: number | undefined;
}

/** A new payment method for the test card or account called `test`. */
export const newPaymentMethod = (
  work: Work,
  type: PaymentMethodRecord['type'],
  test: string,
  given: Given = {},
): PaymentMethodRecord => ({
  id: work.newId('payment_method'),
  created: work.now,
  type,
  test,
  metadata: {},
  ...given,
});

/**
 * The payment method that `id` names. A test token (`pm_card_visa`) makes a new one each time, as at Stripe.
 * Throws resource_missing, naming the parameter `param`.
 */
export const resolvePaymentMethod = (work: Work, id: string, param = 'payment_method'): PaymentMethodRecord => {
  const card = id.startsWith('pm_') ? testCardNamed(id) : undefined;
  if (card !== undefined) return work.save('payment_method', newPaymentMethod(work, 'card', card));
  const account = testAccountNamed(id);
  if (account !== undefined) return work.save('payment_method', newPaymentMethod(work, 'us_bank_account', account));
  const method = work.find('payment_method', id);
  if (!method) throw resourceMissing('payment_method', id, param);
  return method;
};

const assertUnspent = (method: PaymentMethodRecord): void => {
  if (!method.spent) return;
  throw refused(
    'The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared with a connected ' +
      'account without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod ' +
      'multiple times, you must attach it to a Customer first.',
    undefined,
    'payment_method',
  );
};

/** Throws unless a payment of `customer` can be made with `method`. */
export const assertUsableBy = (method: PaymentMethodRecord, customer: string | undefined): void => {
  assertUnspent(method);
  if (method.customer === undefined || method.customer === customer) return;
  throw refused(
    customer === undefined
      ? `The PaymentMethod ${method.id} belongs to a Customer. Please include the Customer in the \`customer\` parameter.`
      : `The customer does not have a payment method with the ID ${method.id}. The payment method must be attached to the customer.`,
    'payment_method_unexpected_state',
    'payment_method',
  );
};

/** The 402 for a card that its bank does not want to be kept, or undefined. Stripe tries a card when it is saved. */
export const verificationError = (method: PaymentMethodRecord): StripeError | undefined => {
  if (method.type !== 'card') return undefined;
  const { declines, attachable } = testCard(method.test);
  if (!declines || attachable) return undefined;
  const { blocked: _, ...reason } = declines;
  return new StripeError(402, { type: 'card_error', ...reason, payment_method: presentPaymentMethod(method) });
};

/** Attaches `method` to `customer` without asking the bank. */
export const attach = (work: Work, method: PaymentMethodRecord, customer: string): PaymentMethodRecord => {
  const attached = work.save('payment_method', { ...method, customer });
  work.link(customer, method.id);
  work.event('payment_method.attached', 'payment_method', attached);
  return attached;
};

/** Attaches `method` to `customer`. Throws a 402 when its bank declines, a 400 when it is somebody else's or spent. */
export const attachVerified = (work: Work, method: PaymentMethodRecord, customer: string): PaymentMethodRecord => {
  assertUnspent(method);
  if (method.customer === customer) return method;
  if (method.customer !== undefined) {
    throw refused(
      'The payment method you provided has already been attached to a customer.',
      'payment_method_unexpected_state',
    );
  }
  const error = verificationError(method);
  if (error) throw error;
  return attach(work, method, customer);
};

/** Takes `method` from its customer; it can never be used again. */
export const detach = (work: Work, method: PaymentMethodRecord): PaymentMethodRecord => {
  if (method.customer === undefined) {
    throw refused(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
      'payment_method_unexpected_state',
    );
  }
  const detached = work.save('payment_method', { ...method, customer: undefined, spent: true });
  work.unlink(method.customer, method.id);
  work.event('payment_method.detached', 'payment_method', detached, { customer: method.customer });
  return detached;
};
