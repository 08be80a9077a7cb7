import { dinero, toDecimal } from 'dinero.js';
import * as iso4217 from 'dinero.js/currencies';
import type { DineroCurrency } from 'dinero.js';
import {
  DEFAULT_MAXIMUM,
  maximums,
  minimums,
  multiples,
  presentmentCurrencies,
  writtenDecimals,
} from './processor-table.js';
import { AmountInvalid, AmountNotRepresentable, AmountTooLarge, AmountTooSmall, CurrencyUnknown } from './refusals.js';

const exponents: ReadonlyMap<string, number> = new Map(
  (Object.values(iso4217) as DineroCurrency<number>[])
    .map(({ code, exponent }) => ({ code: code.toLowerCase(), exponent }))
    .map(({ code, exponent }) => [code, writtenDecimals[code] ?? exponent]),
);

/** Whether `currency` is a lower-case ISO 4217 code that the processor charges in. */
export const isCurrency = (currency: string): boolean => presentmentCurrencies.has(currency) && exponents.has(currency);

/**
 * Takes an ISO 4217 code in either case, as it comes from outside, and gives it in lower case.
 * Throws CurrencyUnknown for anything that the processor does not charge in.
 */
export const parseCurrency = (text: string): string => {
  const currency = text.toLowerCase();
  if (!isCurrency(currency)) throw new CurrencyUnknown();
  return currency;
};

/** Decimals with which the processor's API writes `currency` (0 to 3). Throws CurrencyUnknown. */
export const decimalsOf = (currency: string): number => {
  const decimals = exponents.get(currency);
  if (decimals === undefined) throw new CurrencyUnknown();
  return decimals;
};

/**
 * Checks that `amount` is a positive safe integer of minor units that `currency` can express: whole krónur, no third
 * decimal. Throws AmountInvalid, CurrencyUnknown or AmountNotRepresentable. Refuses, never rounds.
 */
export const assertAmount = (amount: number, currency: string): void => {
  if (!Number.isSafeInteger(amount) || amount <= 0) throw new AmountInvalid(amount);
  if (!isCurrency(currency)) throw new CurrencyUnknown();
  const multipleOf = multiples[currency] ?? 1;
  if (amount % multipleOf !== 0) throw new AmountNotRepresentable(amount, currency, multipleOf);
};

/**
 * Checks that the processor would take a charge of `amount` minor units of `currency` (lower-case).
 * Throws what assertAmount throws, AmountTooSmall and AmountTooLarge.
 */
export const assertChargeable = (amount: number, currency: string): void => {
  assertAmount(amount, currency);
  const minimum = minimums[currency] ?? 1;
  const maximum = maximums[currency] ?? DEFAULT_MAXIMUM;
  if (amount < minimum) throw new AmountTooSmall(amount, currency, minimum);
  if (amount > maximum) throw new AmountTooLarge(amount, currency, maximum);
};

/** `formatMoney(-1234, 'usd')` is `-12.34 USD`: for displays, never to be parsed. `amount` is in minor units. */
export const formatMoney = (amount: number, currency: string): string => {
  const code = currency.toUpperCase();
  return `${toDecimal(dinero({ amount, currency: { code, base: 10, exponent: decimalsOf(currency) } }))} ${code}`;
};
