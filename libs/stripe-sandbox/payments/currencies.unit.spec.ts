import fc from 'fast-check';
import { assertChargeable, currencyOf, feeOf, written } from './currencies.js';

describe('the fee', () => {
  it.each([
    [1_000, 59],
    [50, 31],
    [3_017, 117],
    [3_018, 118],
    [20, 20],
  ])('of %i is %i', (amount, fee) => {
    expect(feeOf(amount)).toBe(fee);
  });

  it('is an integer, never more than the amount, and grows with it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999_999 }), (amount) => {
        const fee = feeOf(amount);
        expect(Number.isSafeInteger(fee) && fee > 0 && fee <= amount && fee <= feeOf(amount + 1)).toBe(true);
      }),
    );
  });
});

describe('currencies', () => {
  it('are read in either case', () => {
    expect(currencyOf('USD')).toBe('usd');
    expect(() => currencyOf('btc')).toThrow('Invalid currency: btc');
  });

  it('are written with their decimals', () => {
    expect(written(123_456, 'usd')).toBe('$1,234.56');
    expect(written(500, 'jpy')).toBe('¥500');
    expect(written(1_010, 'kwd')).toBe('1.010 kwd');
  });

  it('have limits', () => {
    expect(() => {
      assertChargeable(49, 'usd');
    }).toThrow('Amount must be at least $0.50 usd');
    expect(() => {
      assertChargeable(1_000_000_000_000, 'idr');
    }).toThrow('no more than');
    expect(() => {
      assertChargeable(1_001, 'bhd');
    }).toThrow('divisible by 10');
  });
});
