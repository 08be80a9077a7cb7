import type { Account } from '#domain/ledger';

/** One currency of a tenant's books. Amounts are signed minor units, debits positive; `accounts` sum to zero. */
export interface BalanceView {
  /** Lower-case ISO 4217. */
  currency: string;
  /** At the processor, and free to be paid out. */
  available: number;
  /** At the processor, not available yet. */
  pending: number;
  accounts: Partial<Record<Account, number>>;
}

/** What one account of one currency holds, and how much of it the processor has not made available yet. */
export interface AccountBalance {
  currency: string;
  account: Account;
  amount: number;
}

/** Shows the books, one entry a currency, in the order of their codes; pure. `pending` is by currency. */
export const balanceViews = (
  balances: readonly AccountBalance[],
  pending: ReadonlyMap<string, number>,
): BalanceView[] => {
  const views = new Map<string, BalanceView>();
  for (const { currency, account, amount } of balances) {
    const view = views.get(currency) ?? { currency, available: 0, pending: pending.get(currency) ?? 0, accounts: {} };
    views.set(currency, view);
    view.accounts[account] = amount;
    if (account === 'processor_balance') view.available = amount - view.pending;
  }
  return [...views.values()].sort((a, b) => (a.currency < b.currency ? -1 : 1));
};
