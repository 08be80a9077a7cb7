/** What Stripe takes in which currency. https://docs.stripe.com/currencies */
import { invalidParameter, refused } from '../wire/errors.js';

const supported: ReadonlySet<string> = new Set(
  (
    'usd aed afn all amd aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny ' +
    'cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd ' +
    'jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ' +
    'ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd szl thb ' +
    'tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw'
  ).split(' '),
);
const zeroDecimal = new Set('bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf'.split(' '));
const threeDecimal = new Set('bhd jod kwd omr tnd'.split(' '));
/** Without decimals, yet written with two, which must be 00. */
const wholeOnly = new Set(['isk', 'ugx']);

const minimums: Readonly<Record<string, number>> = {
  usd: 50, aed: 200, aud: 50, bgn: 100, brl: 50, cad: 50, chf: 50, czk: 1_500, dkk: 250, eur: 50, gbp: 30, hkd: 400,
  huf: 17_500, inr: 50, jpy: 50, mxn: 1_000, myr: 200, nok: 300, nzd: 50, pln: 200, ron: 200, sek: 300, sgd: 50, thb: 1_000,
}; // prettier-ignore
const maximums: Readonly<Record<string, number>> = { idr: 999_999_999_999 };
const MAXIMUM = 99_999_999;

const decimalsOf = (currency: string): number => (zeroDecimal.has(currency) ? 0 : threeDecimal.has(currency) ? 3 : 2);

const symbols: Readonly<Record<string, string>> = { usd: '$', eur: '€', gbp: '£', jpy: '¥' };

/** `$12.30` or `12.30 chf`, for messages. */
export const written = (amount: number, currency: string): string => {
  const decimals = decimalsOf(currency);
  const text = (amount / 10 ** decimals).toLocaleString('en-US', {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  const symbol = symbols[currency];
  return symbol === undefined ? `${text} ${currency}` : `${symbol}${text}`;
};

/** The code in lower case. Throws for a currency that Stripe does not charge in. */
export const currencyOf = (text: string): string => {
  const currency = text.toLowerCase();
  if (supported.has(currency)) return currency;
  throw invalidParameter(
    'currency',
    `Invalid currency: ${text.slice(0, 20)}. Stripe currently supports these currencies: ${[...supported].join(', ')}`,
  );
};

/** Throws when `amount` is not one that `currency` can be written with. */
export const assertDivisible = (amount: number, currency: string, param = 'amount'): void => {
  const unit = wholeOnly.has(currency) ? 100 : threeDecimal.has(currency) ? 10 : 1;
  if (amount % unit === 0) return;
  throw refused(
    `Invalid amount: ${currency} amounts must be evenly divisible by ${String(unit)}.`,
    'parameter_invalid_integer',
    param,
  );
};

/** Throws amount_too_small or amount_too_large, and what assertDivisible throws. */
export const assertChargeable = (amount: number, currency: string, param = 'amount'): void => {
  const minimum = minimums[currency] ?? 1;
  const maximum = maximums[currency] ?? MAXIMUM;
  if (amount < minimum) {
    throw refused(`Amount must be at least ${written(minimum, currency)} ${currency}`, 'amount_too_small', param);
  }
  if (amount > maximum) {
    throw refused(`Amount must be no more than ${written(maximum, currency)}`, 'amount_too_large', param);
  }
  assertDivisible(amount, currency, param);
};

/** Stripe's fee for a charge: 2.9 % rounded half up, plus 30, and never more than the charge. */
export const feeOf = (amount: number): number => Math.min(amount, Math.floor((amount * 29 + 500) / 1_000) + 30);

/** Stripe's fee for a dispute: 15 of the currency's unit, which is what it is in most. */
export const disputeFeeOf = (currency: string): number => 15 * 10 ** decimalsOf(currency);
