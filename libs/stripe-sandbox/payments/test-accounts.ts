/** Stripe's test bank accounts by the names of their tokens, `pm_NAME`, and how debits of each end. https://docs.stripe.com/testing#ach-direct-debit */
import type { Decline } from './test-cards.js';

export interface TestAccount {
  number: string;
  /** Debits of it fail when they settle. */
  fails?: Decline;
}

export const testBank = { bank_name: 'STRIPE TEST BANK', routing_number: '110000000' } as const;

const failing = (number: string, code: string, message: string): TestAccount => ({ number, fails: { code, message } });

const accounts: ReadonlyMap<string, TestAccount> = new Map([
  ['usBankAccount', { number: '000123456789' }],
  ['usBankAccount_success', { number: '000123456789' }],
  [
    'usBankAccount_accountClosed',
    failing('000111111113', 'account_closed', "The customer's bank account has been closed."),
  ],
  [
    'usBankAccount_noAccount',
    failing('000111111116', 'no_account', "The customer's bank account could not be located."),
  ],
  [
    'usBankAccount_insufficientFunds',
    failing(
      '000222222227',
      'insufficient_funds',
      "The customer's account has insufficient funds to cover this payment.",
    ),
  ],
  [
    'usBankAccount_debitNotAuthorized',
    failing(
      '000333333335',
      'debit_not_authorized',
      'The customer has notified their bank that this payment was unauthorized.',
    ),
  ],
]);

/** Throws for a name that is not in the table. */
export const testAccount = (name: string): TestAccount => {
  const account = accounts.get(name);
  if (!account) throw new Error(`There is no test bank account '${name}'`);
  return account;
};

/** The name of the account that `token` (`pm_usBankAccount`) stands for. */
export const testAccountNamed = (token: string): string | undefined => {
  const name = token.startsWith('pm_') ? token.slice(3) : '';
  return accounts.has(name) ? name : undefined;
};

export const testAccountByNumber = (number: string): string | undefined =>
  [...accounts].find(([, account]) => account.number === number)?.[0];

const CONNECTED = 'fca_test_';

/** The account that a customer chose in the stand-in of Financial Connections: `fca_test_usBankAccount_accountClosed`. */
export const connectedTestAccount = (id: string): string | undefined =>
  id.startsWith(CONNECTED) ? testAccountNamed(`pm_${id.slice(CONNECTED.length)}`) : undefined;
