import { decimalsOf } from '#domain/money';

/** `amountText(1234, 'usd')` is `$12.34`: with as many decimals as the currency has. Throws CurrencyUnknown. */
export const amountText = (amount: number, currency: string): string => {
  const decimals = decimalsOf(currency);
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return format.format(decimal(amount, decimals));
};

/** The amount in the major unit, exact: a quotient of floats would not be. */
const decimal = (amount: number, decimals: number): Intl.StringNumericLiteral => {
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return `${amount < 0 ? '-' : ''}${whole}.${digits.slice(digits.length - decimals)}0` as Intl.StringNumericLiteral;
};
