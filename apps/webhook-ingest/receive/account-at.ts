import type { Envelope } from '#processor/stripe/events';

import { accountMismatch } from './refusals.js';

/**
 * The connected account that an event happened on, undefined for the platform's own. An endpoint has a secret of its own, and whoever
 * knows that can speak for no other account: all that comes to the endpoint of an account is of that account, whether it says so
 * or not. Events of connected accounts come to the Connect endpoint and name theirs, and none that comes to the platform's does.
 * But for thin events: one destination of them may be for the platform and its accounts together (`events_from`), and they
 * name an account in their context or, where the platform itself may look at it, only as their related object. `endpoint`: see
 * Delivery.account. Throws `webhook_account_mismatch`.
 */
export const accountAt = (endpoint: string, { form, head: { account } }: Envelope): string | undefined => {
  if (endpoint !== '' && endpoint !== 'connect') {
    if (account !== undefined && account !== endpoint) throw accountMismatch();
    return endpoint;
  }
  if (form === 'snapshot' && (endpoint === 'connect') !== (account !== undefined)) throw accountMismatch();
  return account;
};
