import type { PaymentMethodNews } from '../../../news.js';
import { claimOf } from '../../claim.js';
import { Unreadable } from '../../fields.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

const changes: Readonly<Record<string, PaymentMethodNews['change']>> = {
  'payment_method.attached': 'attached',
  'payment_method.detached': 'detached',
  'payment_method.automatically_updated': 'updated',
};

/** A detached method has no customer any more: the one it had is what the event says has changed. */
export const readPaymentMethod: Reader = (method, { type, previous }) => {
  const change = changes[type];
  if (!change) throw new Unreadable('event.type');
  const customer = method.maybeId('customer') ?? (change === 'detached' ? previous?.maybeId('customer') : undefined);
  return newsOf({ about: 'payment_method', change, token: method.token('id'), claim: claimOf(method, customer) });
};
