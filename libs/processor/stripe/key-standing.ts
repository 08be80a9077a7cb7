import type Stripe from 'stripe';

import { ProcessorUnavailable } from '../errors.js';
import type { KeyStanding } from '../port.js';
import { Calls } from './calls.js';
import { isForbidden } from './classify.js';
import type { StripeProcessorOptions } from './client.js';
import { openClient } from './client.js';
import type { Permission } from './permissions/index.js';

/** An id that no object has: a key that may write is told so, and a key that may not is told that first. */
const nobody = 'permissionprobe';

/** One harmless request for each permission. What would write names an object that does not exist, so that nothing is written. */
const probes: Readonly<Record<Permission, (stripe: Stripe) => Promise<unknown>>> = {
  'accounts.read': (stripe) => stripe.accounts.retrieveCurrent(),
  'balance.read': (stripe) => stripe.balance.retrieve(),
  'balance_transactions.read': (stripe) => stripe.balanceTransactions.list({ limit: 1 }),
  'charges.read': (stripe) => stripe.charges.retrieve(`ch_${nobody}`),
  'confirmation_tokens.read': (stripe) => stripe.confirmationTokens.retrieve(`ctoken_${nobody}`),
  'customers.write': (stripe) => stripe.customers.update(`cus_${nobody}`, { description: nobody }),
  'disputes.write': (stripe) => stripe.disputes.update(`dp_${nobody}`, { metadata: { probe: nobody } }),
  'events.read': (stripe) => stripe.events.list({ limit: 1 }),
  'payment_intents.write': (stripe) => stripe.paymentIntents.cancel(`pi_${nobody}`),
  'payment_methods.write': (stripe) => stripe.paymentMethods.detach(`pm_${nobody}`),
  'payouts.read': (stripe) => stripe.payouts.list({ limit: 1 }),
  'refunds.write': (stripe) => stripe.refunds.create({ payment_intent: `pi_${nobody}` }),
  'setup_intents.write': (stripe) => stripe.setupIntents.cancel(`seti_${nobody}`),
};

const names = Object.keys(probes) as Permission[];
/** As long as a person waits for it. */
const timeoutMs = 10_000;

/**
 * Looks what a key is and may do, by a dozen requests that change nothing. Rejects with ProcessorUnavailable (`api_key_refused`: the
 * processor does not know the key) or OutcomeUnknown where it could not be told. A permission that writing alone would show is told from
 * the answer to an impossible write: 403 without it, 404 or 400 with it.
 */
export const keyStandingOf = async ({ apiKey, apiBase }: StripeProcessorOptions): Promise<KeyStanding> => {
  const stripe = openClient({ apiKey, apiBase, timeoutMs, maxSockets: names.length });
  const calls = new Calls(2 * timeoutMs);
  const restricted = apiKey.startsWith('rk_');
  const allowed = await Promise.all(
    names.map(async (name) => [name, await isAllowed(calls, probes[name](stripe))] as const),
  );
  const missing = allowed.filter(([, is]) => !is).map(([name]) => name);
  const account = missing.includes('accounts.read') ? '' : await accountOf(stripe, calls);
  return { account, livemode: /^[sr]k_live_/.test(apiKey), restricted, missing };
};

/** The processor's id of the account that a key is of. Rejects as `keyStandingOf` does, and where the key may not ask. */
export const accountOfKey = ({ apiKey, apiBase }: StripeProcessorOptions): Promise<string> =>
  accountOf(openClient({ apiKey, apiBase, timeoutMs, maxSockets: 1 }), new Calls(2 * timeoutMs));

const accountOf = async (stripe: Stripe, calls: Calls): Promise<string> => {
  const id = await calls.lookup(stripe.accounts.retrieveCurrent(), (account) => account.id);
  if (id === undefined) throw new ProcessorUnavailable('account_missing', { sick: false });
  return id;
};

const isAllowed = async (calls: Calls, call: Promise<unknown>): Promise<boolean> => {
  const told = call.catch((error: unknown) => {
    throw isForbidden(error) ? new Forbidden() : error;
  });
  try {
    await calls.operation(told, () => undefined); // what was executed and refused was allowed
    return true;
  } catch (error) {
    if (error instanceof Forbidden) return false;
    throw error;
  }
};

class Forbidden extends Error {}
