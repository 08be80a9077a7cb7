import type Stripe from 'stripe';

import type { ProcessorSettlement } from '../objects.js';
import type { Fields } from './fields.js';
import { instant } from './instant.js';

/** What of a balance transaction is read. */
export type TransactionParts = Pick<
  Stripe.BalanceTransaction,
  'id' | 'amount' | 'fee' | 'net' | 'currency' | 'exchange_rate' | 'available_on'
>;

/** A balance transaction of an event. Throws Unreadable. */
export const transactionOf = (transaction: Fields): TransactionParts => ({
  id: transaction.token('id'),
  amount: transaction.integer('amount'),
  fee: transaction.integer('fee'),
  net: transaction.integer('net'),
  currency: transaction.currency('currency'),
  exchange_rate: transaction.maybeRate('exchange_rate') ?? null,
  available_on: transaction.seconds('available_on'),
});

/** A decimal string without an exponent, with as many digits as the number has. */
const decimal = (rate: number): string => {
  const text = String(rate);
  return text.includes('e') ? rate.toFixed(20).replace(/\.?0+$/, '') : text;
};

/**
 * A balance transaction in the port's words; undefined where there is none yet or it was not expanded. `sourceAmount` is what
 * was settled, signed, in the currency of the charge.
 */
export const settlementOf = (
  transaction: string | TransactionParts | null,
  sourceAmount: number,
  sourceCurrency: string,
): ProcessorSettlement | undefined =>
  transaction === null || typeof transaction === 'string'
    ? undefined
    : bookedSettlementOf(transaction, sourceAmount, sourceCurrency);

/** The same of a transaction that is there. */
export const bookedSettlementOf = (
  transaction: TransactionParts,
  sourceAmount: number,
  sourceCurrency: string,
): ProcessorSettlement => {
  const { id, amount: gross, fee, net, currency, exchange_rate: rate, available_on: availableOn } = transaction;
  const settlement = { settlementId: id, gross, fee, net, currency, availableOn: instant(availableOn) };
  if (currency === sourceCurrency) return settlement;
  return { ...settlement, sourceAmount, sourceCurrency, ...(rate !== null && { rate: decimal(rate) }) };
};
