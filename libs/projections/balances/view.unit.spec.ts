import { balanceViews } from './view.js';

it('shows the books by currency, and splits what lies at the processor by what is available', () => {
  const balances = [
    { currency: 'usd', account: 'processor_balance' as const, amount: 900 },
    { currency: 'usd', account: 'tenant_payable' as const, amount: -900 },
    { currency: 'eur', account: 'processor_balance' as const, amount: 50 },
    { currency: 'jpy', account: 'processor_receivable' as const, amount: 7 },
  ];
  expect(balanceViews(balances, new Map([['usd', 300]]))).toEqual([
    { currency: 'eur', available: 50, pending: 0, accounts: { processor_balance: 50 } },
    { currency: 'jpy', available: 0, pending: 0, accounts: { processor_receivable: 7 } },
    { currency: 'usd', available: 600, pending: 300, accounts: { processor_balance: 900, tenant_payable: -900 } },
  ]);
  expect(balanceViews([], new Map())).toEqual([]);
});
