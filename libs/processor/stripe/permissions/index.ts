/**
 * What the gateway does with Stripe, as permissions of a restricted key: the resource in Stripe's words, and whether it reads or writes.
 * Writing includes reading.
 */
export const neededPermissions = [
  'accounts.read',
  'balance.read',
  'balance_transactions.read',
  'charges.read',
  'confirmation_tokens.read',
  'customers.write',
  'disputes.write',
  'events.read',
  'payment_intents.write',
  'payment_methods.write',
  'payouts.read',
  'refunds.write',
  'setup_intents.write',
] as const;

export type Permission = (typeof neededPermissions)[number];
