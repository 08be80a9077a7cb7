import { claimOf } from '../../claim.js';
import { payoutOf } from '../../payout.js';
import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

export const readPayout: Reader = (object) => {
  const payout = payoutOf(object);
  // Stripe evens out a balance below 0 from the bank account. Nobody was paid.
  if (payout.amount < 0) return { kind: 'unused', reason: 'debit_of_bank_account' };
  return newsOf({ about: 'payout', payout, claim: claimOf(object) });
};
