import type Stripe from 'stripe';

import type { ProcessorSettlement } from '../port.js';

/** RFC 3339 of Unix seconds. */
export const instant = (seconds: number): string => new Date(seconds * 1_000).toISOString();

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
  transaction: string | Stripe.BalanceTransaction | null,
  sourceAmount: number,
  sourceCurrency: string,
): ProcessorSettlement | undefined => {
  if (transaction === null || typeof transaction === 'string') return undefined;
  const { id, amount: gross, fee, net, currency, exchange_rate: rate, available_on: availableOn } = transaction;
  const settlement = { settlementId: id, gross, fee, net, currency, availableOn: instant(availableOn) };
  if (currency === sourceCurrency) return settlement;
  return { ...settlement, sourceAmount, sourceCurrency, ...(rate !== null && { rate: decimal(rate) }) };
};
