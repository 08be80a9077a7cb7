import type { ProcessorBalance } from '#processor';

import type { Comparison } from './comparison.js';
import type { Difference } from './run.js';

/** Over all tenants, by currency: what the books have as settled at the processor. */
const booksSql = `select currency, sum(amount)::text as amount from billing.rm_balance
  where account = 'processor_balance' group by currency`;

// At rest: no call is under way, or still to fetch a settlement, and the books have all that the log has. `heads` tells two moments
// apart.
const restSql = `select coalesce(sum(h.position), 0)::text as heads,
    not exists (select from billing.processor_call where state <> 'parked')
    and not exists (
      select from billing.log_head l where l.position > coalesce(
        (select c.position from billing.checkpoint c where c.consumer = 'projector:read-models' and c.shard = l.shard), 0)) as at_rest
  from billing.log_head h`;

/** How often to look whether the books rest. */
const maxTries = 10;

type Amounts = ReadonlyMap<string, number>;

/** Where the processor's balance and our books differ. Pure. Amounts by currency, minor units. */
export const balanceDifferences = (ours: Amounts, theirs: Amounts): Difference[] =>
  [...new Set([...ours.keys(), ...theirs.keys()])].sort().flatMap((currency): Difference[] => {
    const [here, there] = [ours.get(currency) ?? 0, theirs.get(currency) ?? 0];
    const about = { object: 'balance', aspect: 'settled', processorId: currency, currency } as const;
    return here === there ? [] : [{ ...about, finding: 'differs', ours: here, theirs: there }];
  });

const add = (amounts: Map<string, number>, currency: string, amount: number): void => {
  amounts.set(currency, (amounts.get(currency) ?? 0) + amount);
};

/**
 * What was ever settled: what lies at the processor, and what it has paid out to the platform's own bank since the beginning. What it
 * took from that bank, a payout below 0, lies at the processor without having been settled.
 */
const settledThere = async (comparison: Comparison): Promise<Amounts> => {
  const amounts = new Map<string, number>();
  const balances: ProcessorBalance[] = await comparison.ask((asked) => asked.fetchBalance());
  for (const { currency, available, pending } of balances) add(amounts, currency, available + pending);
  const ever = { from: new Date(0), to: comparison.now() };
  for await (const { payout } of comparison.list((processor) => processor.listPayouts(ever))) {
    const { status, currency, amount } = payout;
    if (status !== 'failed' && status !== 'canceled') add(amounts, currency, amount);
    await comparison.stay();
  }
  return amounts;
};

/** The number that changes with every event, once the books rest; undefined where they do not. */
const headsAtRest = async ({ office: { pool } }: Comparison): Promise<string | undefined> => {
  const { rows } = await pool.query<{ heads: string; at_rest: boolean }>(restSql);
  return rows[0]?.at_rest ? rows[0].heads : undefined;
};

/**
 * Compares the processor's balance with our books. Money that is on its way makes them differ at any one moment, so only what
 * was read while the books rested is compared; on a busy day that may be never, and is said in the log.
 */
export const compareBalances = async (comparison: Comparison): Promise<void> => {
  const { pool, logger, booksPauseMs = 500 } = comparison.office;
  for (let tries = 1; tries <= maxTries; tries += 1) {
    const before = await headsAtRest(comparison);
    if (before !== undefined) {
      const theirs = await settledThere(comparison);
      const { rows } = await pool.query<{ currency: string; amount: string }>(booksSql);
      const ours = new Map(rows.map(({ currency, amount }) => [currency, Number(amount)]));
      if ((await headsAtRest(comparison)) === before) {
        const found = balanceDifferences(ours, theirs);
        await comparison.compared(
          'balance',
          found.map((difference) => ({ ...difference, tenantId: undefined, outcome: 'drift' })),
        );
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, booksPauseMs));
  }
  logger.info('balances were not compared: the books did not rest');
};
