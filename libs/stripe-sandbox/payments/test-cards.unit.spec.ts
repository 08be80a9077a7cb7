import { testCard, testCardNamed, testCardNames } from './test-cards.js';

/** ISO/IEC 7812-1 annex B. */
const passesLuhn = (number: string): boolean => {
  const digits = [...number].reverse().map(Number);
  const sum = digits.reduce(
    (total, digit, index) => total + (index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2),
    0,
  );
  return sum % 10 === 0;
};

describe('test cards', () => {
  it('have numbers that are card numbers', () => {
    for (const name of testCardNames()) expect([name, passesLuhn(testCard(name).number)]).toEqual([name, true]);
  });

  it('are named by tokens of both kinds', () => {
    expect(testCardNamed('pm_card_visa')).toBe('visa');
    expect(testCardNamed('tok_visa_chargeDeclined')).toBe('visa_chargeDeclined');
    expect(testCardNamed('pm_card_none')).toBeUndefined();
    expect(testCardNamed('pm_3abc')).toBeUndefined();
    expect(() => testCard('none')).toThrow();
  });

  it('come from many countries', () => {
    expect(testCard('gb')).toMatchObject({ country: 'GB', number: '4000008260000000' });
    expect(testCard('de').country).toBe('DE');
  });
});
