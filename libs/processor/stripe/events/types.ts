import { readAccount } from './read/account.js';
import { readCharge } from './read/charge.js';
import { readCustomer } from './read/customer.js';
import { readDispute } from './read/dispute.js';
import { readFinancialAccount } from './read/financial-account.js';
import { readFraudWarning } from './read/fraud-warning.js';
import { readMandate } from './read/mandate.js';
import { readPaymentMethod } from './read/payment-method.js';
import { readPayment } from './read/payment.js';
import { readPayout } from './read/payout.js';
import type { Reader } from './read/reader.js';
import { readRefund } from './read/refund.js';
import { readReview } from './read/review.js';
import { readSetup } from './read/setup.js';

/** What is done with a type of event: how its object is read, or why it is not. */
export type EventType = { object: string; read: Reader } | { unused: string };

const each = (types: readonly string[], type: EventType): Record<string, EventType> =>
  Object.fromEntries(types.map((name) => [name, type]));

const prefixed = (prefix: string, names: readonly string[]): string[] => names.map((name) => `${prefix}.${name}`);

/** The types that this release has a use for, and those that a later one will have. */
const types: Readonly<Record<string, EventType>> = {
  ...each(
    prefixed('payment_intent', [
      'requires_action',
      'amount_capturable_updated',
      'processing',
      'succeeded',
      'payment_failed',
      'canceled',
    ]),
    { object: 'payment_intent', read: readPayment },
  ),
  ...each(prefixed('charge', ['captured', 'refunded', 'updated']), { object: 'charge', read: readCharge }),
  // `charge.refund.updated`: until 2024-10-28.acacia the refunds of charges had no events of their own but this one.
  ...each(['refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated'], {
    object: 'refund',
    read: readRefund,
  }),
  ...each(prefixed('charge.dispute', ['created', 'updated', 'funds_withdrawn', 'funds_reinstated', 'closed']), {
    object: 'dispute',
    read: readDispute,
  }),
  ...each(prefixed('payout', ['created', 'updated', 'paid', 'failed', 'canceled']), {
    object: 'payout',
    read: readPayout,
  }),
  'account.updated': { object: 'account', read: readAccount },
  ...each(prefixed('setup_intent', ['succeeded', 'setup_failed', 'requires_action', 'canceled']), {
    object: 'setup_intent',
    read: readSetup,
  }),
  ...each(prefixed('payment_method', ['attached', 'detached', 'automatically_updated']), {
    object: 'payment_method',
    read: readPaymentMethod,
  }),
  'customer.deleted': { object: 'customer', read: readCustomer },
  ...each(prefixed('review', ['opened', 'closed']), { object: 'review', read: readReview }),
  'radar.early_fraud_warning.created': { object: 'radar.early_fraud_warning', read: readFraudWarning },
  'mandate.updated': { object: 'mandate', read: readMandate },
  ...each(prefixed('financial_connections.account', ['created', 'disconnected']), {
    object: 'financial_connections.account',
    read: readFinancialAccount,
  }),
  ...each(prefixed('invoice', ['finalized', 'paid', 'payment_failed', 'voided']), { unused: 'not_mirrored' }),
};

/** Undefined for a type that this service has no use for. */
export const typeOf = (type: string): EventType | undefined => (Object.hasOwn(types, type) ? types[type] : undefined);

/** Every type whose object is read. */
export const readTypes: readonly string[] = Object.entries(types).flatMap(([name, type]) =>
  'read' in type ? [name] : [],
);

/** What an endpoint is to be subscribed to, thin events of accounts included: of any other type nothing would come. */
export const subscribedTypes: readonly string[] = [...readTypes, 'v1.account.updated', 'v2.core.account*'];
