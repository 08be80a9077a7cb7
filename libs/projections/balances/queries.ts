import type { Account } from '#domain/ledger';
import { tenantQuery, tenantStatement } from '#access/tenancy';
import type { Pool } from 'pg';

import type { BalanceView } from './view.js';
import { balanceViews } from './view.js';

interface BalanceRow {
  currency: string;
  /** Null on the row that says what is not available yet. */
  account: Account | null;
  amount: string;
}

export const balancesStatement = tenantStatement(
  'get_balances',
  `select currency, account, amount::text from billing.rm_balance where tenant_id = t.tenant_id
  union all
  select currency, null, sum(amount)::text from billing.rm_settlement
    where tenant_id = t.tenant_id and available_on > now() group by currency`,
);

/** A tenant's books, one entry a currency; [] before any money moved. Throws for sums that JSON could not carry exactly. */
export const getBalances = async (pool: Pool, tenantId: string): Promise<BalanceView[]> => {
  const rows = await tenantQuery<BalanceRow>(pool, balancesStatement, tenantId);
  const pending = new Map<string, number>();
  for (const row of rows) if (row.account === null) pending.set(row.currency, exact(row));
  const balances = rows.flatMap((row) =>
    row.account === null ? [] : [{ currency: row.currency, account: row.account, amount: exact(row) }],
  );
  return balanceViews(balances, pending);
};

const exact = ({ currency, account, amount }: BalanceRow): number => {
  const number = Number(amount);
  if (!Number.isSafeInteger(number)) throw new RangeError(`the balance of ${account} in ${currency} exceeds 2^53`);
  return number;
};
