/** Connected accounts: what they must tell of themselves, and what they may do once they have. https://docs.stripe.com/connect/custom-accounts */
import type { AccountRecord, BankAccountRecord } from '../state/records.js';
import type { Work } from '../state/work.js';

const always = [
  'business_profile.url',
  'business_type',
  'external_account',
  'tos_acceptance.date',
  'tos_acceptance.ip',
];
const byType: Readonly<Record<string, readonly string[]>> = {
  individual: ['individual.email', 'individual.first_name', 'individual.last_name'],
  company: ['company.name'],
};

/** What `account` has yet to tell, sorted: `external_account`, `individual.first_name`. */
export const requirementsOf = (account: AccountRecord): string[] => {
  const wanted = [...always, ...(byType[account.business_type ?? ''] ?? [])];
  const due = wanted.filter((name) => !account.told.includes(name));
  return [...new Set([...due, ...(account.more_requirements ?? [])])].sort();
};

/** Whether `account` can do what `capability` (`card_payments`, `transfers`) stands for. */
export const isActive = (account: AccountRecord, capability: string): boolean =>
  account.capabilities[capability] === true &&
  account.disabled_reason === undefined &&
  requirementsOf(account).length === 0;

/** Records that `account` came to be as it is, where it happens: on the account itself. */
export const accountUpdated = (work: Work, account: AccountRecord, previous?: Record<string, unknown>): void => {
  work.for(account.id).event('account.updated', 'account', account, previous);
};

/** Stripe's test numbers of bank accounts, and why payouts to them fail. https://docs.stripe.com/connect/testing#account-numbers */
export const testBankAccounts: ReadonlyMap<string, string | undefined> = new Map([
  ['000123456789', undefined],
  ['000111111116', 'no_account'],
  ['000111111113', 'account_closed'],
  ['000222222227', 'insufficient_funds'],
  ['000333333335', 'debit_not_authorized'],
  ['000444444440', 'invalid_currency'],
]);

/** Tokens of test bank accounts, by the numbers that they stand for. */
export const testBankTokens: ReadonlyMap<string, string> = new Map([
  ['btok_us', '000123456789'],
  ['btok_us_verified', '000123456789'],
  ['btok_us_noAccount', '000111111116'],
  ['btok_us_accountClosed', '000111111113'],
  ['btok_us_insufficientFunds', '000222222227'],
  ['btok_us_debitNotAuthorized', '000333333335'],
  ['btok_us_invalidCurrency', '000444444440'],
]);

/** The platform's own bank account: payouts to it arrive. */
export const platformBankAccount: BankAccountRecord = {
  id: 'ba_3PlatformOfTheSandbox',
  country: 'US',
  currency: 'usd',
  last4: '6789',
};

/** Where payouts of the account that `work` is for go; undefined when it has no bank account. */
export const bankAccountOf = (work: Work): BankAccountRecord | undefined =>
  work.account === undefined ? platformBankAccount : work.get('account', work.account).bank_account;
