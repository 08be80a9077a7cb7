import type { Reader } from './reader.js';
import { newsOf } from './reader.js';

/** An inactive one is connected: its bank asks for a new login, and the customer can give it. */
const connected: Readonly<Record<string, boolean>> = { active: true, inactive: true, disconnected: false };

export const readFinancialAccount: Reader = (account) =>
  newsOf({
    about: 'financial_account',
    processorFinancialAccountId: account.token('id'),
    connected: account.word('status', connected),
    processorCustomerId: account.maybeFields('account_holder')?.maybeId('customer'),
  });
