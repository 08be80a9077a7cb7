import { answers, lists, shows } from '../http/endpoint.js';
import type { Page, PageParams, CreatedFilter } from '../http/pages.js';
import { created, pageOfIds, pageOfKind } from '../http/pages.js';
import { currencyOf } from '../payments/currencies.js';
import { kindOf } from '../state/records.js';
import type { Work } from '../state/work.js';
import { resourceMissing } from '../wire/errors.js';
import { string, unsupported } from '../wire/params.js';

const presentBalance = (work: Work) => {
  const rows = work.store.balances(work.account ?? '', work.now);
  const amounts = (which: 'available' | 'pending') =>
    [...new Set(rows.map((row) => row.currency))].map((currency) => {
      const mine = rows.filter((row) => row.currency === currency);
      return {
        amount: mine.reduce((sum, row) => sum + row[which], 0),
        currency,
        source_types: Object.fromEntries(mine.map((row) => [row.source_type, row[which]])),
      };
    });
  return {
    object: 'balance',
    available: amounts('available'),
    livemode: false,
    pending: amounts('pending'),
    refund_and_dispute_prefunding: { available: [], pending: [] },
  };
};

/** The few transactions that an object has made. */
const transactionsOf = (
  work: Work,
  source: string,
  params: PageParams & { created?: CreatedFilter },
): Page<'balance_transaction'> => {
  const ids: (string | undefined)[] = [];
  if (kindOf(source) === 'charge') {
    const charge = work.get('charge', source, 'source');
    ids.push(...(charge.earlier_balance_transactions ?? []), charge.balance_transaction);
  } else if (kindOf(source) === 'refund') {
    const refund = work.get('refund', source, 'source');
    ids.push(refund.balance_transaction, refund.failure_balance_transaction);
  } else if (kindOf(source) === 'dispute') {
    ids.push(...work.get('dispute', source, 'source').balance_transactions);
  } else if (kindOf(source) === 'transfer') {
    ids.push(work.get('transfer', source, 'source').balance_transaction);
  } else if (kindOf(source) === 'payout') {
    const payout = work.get('payout', source, 'source');
    ids.push(payout.balance_transaction, payout.failure_balance_transaction);
  } else throw resourceMissing('source', source, 'source');
  const known = ids.filter((id) => id !== undefined);
  return pageOfIds(work, 'balance_transaction', params, known);
};

const base = '/v1/balance_transactions';

export const balance = [
  answers('GET', '/v1/balance', { takes: {}, run: presentBalance }),
  shows('balance_transaction', 'GET', `${base}/:id`, {
    takes: {},
    run: (work, _params, id) => work.get('balance_transaction', id),
  }),
  lists('balance_transaction', base, {
    takes: {
      created,
      currency: string,
      payout: unsupported('payouts here are made by hand'),
      source: string,
      type: string,
    },
    run: (work, params) => {
      if (params.source !== undefined) return transactionsOf(work, params.source, params);
      const currency = params.currency === undefined ? undefined : currencyOf(params.currency);
      return pageOfKind(work, 'balance_transaction', params, {
        keep: (transaction) =>
          (currency === undefined || transaction.currency === currency) &&
          (params.type === undefined || transaction.type === params.type),
      });
    },
  }),
];
