/** The test bank account that a request gives: by its number, or as it was chosen with Financial Connections. */
import type { Given } from '../payments/payment-methods.js';
import { connectedTestAccount, testAccountByNumber } from '../payments/test-accounts.js';
import type { bankAccount } from './intent-params.js';

type BankAccount = ReturnType<typeof bankAccount>;

/** Its name in the table of test accounts; Stripe's first where nothing says which. */
export const testAccountIn = (account: BankAccount | undefined): string => {
  const { account_number, financial_connections_account: connected } = account ?? {};
  const named = connected === undefined ? testAccountByNumber(account_number ?? '') : connectedTestAccount(connected);
  return named ?? 'usBankAccount';
};

/** What the payment method keeps of it. */
export const bankFactsIn = (account: BankAccount | undefined): Given => ({
  account_holder_type: account?.account_holder_type,
  account_type: account?.account_type,
  financial_connections_account: account?.financial_connections_account,
});
