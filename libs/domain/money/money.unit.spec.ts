import { AmountInvalid, AmountNotRepresentable, AmountTooLarge, AmountTooSmall, CurrencyUnknown } from './index.js';
import { assertAmount, assertChargeable, decimalsOf, formatMoney, parseCurrency } from './index.js';
import { presentmentCurrencies } from './processor-table.js';

describe('a currency', () => {
  it('is read in either case and kept in lower case', () => {
    expect(parseCurrency('USD')).toBe('usd');
    expect(parseCurrency('jpy')).toBe('jpy');
  });
  it.each(['', 'us', 'xxx', 'usdollar', 'btc', '__proto__', 'constructor'])('%p is unknown', (text) => {
    expect(() => parseCurrency(text)).toThrow(CurrencyUnknown);
  });
  it('has the decimals that the processor writes', () => {
    expect(['usd', 'jpy', 'kwd', 'isk', 'ugx', 'mga', 'huf', 'clp'].map(decimalsOf)).toEqual([2, 0, 3, 2, 2, 0, 2, 0]);
  });
  it('of the processor is always one of ISO 4217', () => {
    for (const currency of presentmentCurrencies) expect(decimalsOf(currency)).toBeGreaterThanOrEqual(0);
  });
});

describe('an amount', () => {
  it.each([0, -1, 1.5, NaN, Infinity, 2 ** 53, '100' as unknown as number])('of %p is invalid', (amount) => {
    expect(() => assertAmount(amount, 'usd')).toThrow(AmountInvalid);
  });
  it.each([
    [50, 'usd'],
    [99_999_999, 'usd'],
    [50, 'jpy'],
    [30, 'gbp'],
    [500, 'isk'],
    [100_000, 'ugx'],
    [5_120, 'kwd'],
    [999_999_999_999, 'idr'],
  ])('of %d %s can be charged', (amount, currency) => {
    expect(() => assertChargeable(amount, currency)).not.toThrow();
  });
  it.each([
    [49, 'usd', AmountTooSmall],
    [29, 'gbp', AmountTooSmall],
    [17_400, 'huf', AmountTooSmall],
    [100_000_000, 'usd', AmountTooLarge],
    [1_000_000_000_000, 'idr', AmountTooLarge],
    [550, 'isk', AmountNotRepresentable],
    [1_050, 'ugx', AmountNotRepresentable],
    [5_124, 'kwd', AmountNotRepresentable],
    [5_000, 'xxx', CurrencyUnknown],
    [5_000, 'USD', CurrencyUnknown],
  ])('of %d %s cannot', (amount, currency, rule) => {
    expect(() => assertChargeable(amount, currency)).toThrow(rule);
  });
  it('is refused with a stable code and the field at fault', () => {
    expect(new AmountTooSmall(1, 'usd', 50)).toMatchObject({
      code: 'amount_too_small',
      kind: 'invalid',
      field: 'amount',
      details: { minimum: 50, currency: 'usd' },
    });
  });
  it('is shown with its decimals and code', () => {
    expect(formatMoney(1_234, 'usd')).toBe('12.34 USD');
    expect(formatMoney(-5, 'eur')).toBe('-0.05 EUR');
    expect(formatMoney(1_234, 'jpy')).toBe('1234 JPY');
    expect(formatMoney(5_120, 'kwd')).toBe('5.120 KWD');
    expect(formatMoney(500, 'isk')).toBe('5.00 ISK');
  });
});
