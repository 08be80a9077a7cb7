import { randomUUID } from 'node:crypto';

import { createLogger, scrubCardNumbers } from './index.js';

describe('the last step before a line leaves the process', () => {
  it.each([
    '4242424242424242',
    '4242 4242 4242 4242',
    '5555-5555-5555-4444',
    '378282246310005',
    '6011111111111117',
    '30569309025904',
  ])('takes %s out', (number) => {
    expect(scrubCardNumbers(`{"note":"card ${number}, please"}`)).toBe('{"note":"card [card number], please"}');
  });
  it.each([
    '11111111-1111-4111-8111-111111111111',
    '2026-11-21T03:28:00.000Z',
    '1763695680000',
    '"amount":99999999',
    '4242424242424241',
    'a424242424242424', // hexadecimal, such as the id of a span
    '0.4242424242424242',
  ])('leaves %s alone', (text) => {
    expect(scrubCardNumbers(text)).toBe(text);
  });
  it.each([
    'order-4242424242424242',
    'x4242424242424242',
    'pi_4242424242424242',
    '4242424242424242-1',
    'n°4242-4242-4242-4242.',
  ])('finds it in %s too', (text) => {
    expect(scrubCardNumbers(text)).toContain('[card number]');
  });
  it.each(['1 ', '7-', '12 ', '123456789012 '])('finds it behind any number of other numbers: %p', (other) => {
    for (let count = 0; count < 60; count += 1)
      expect(scrubCardNumbers(`${other.repeat(count)}4242 4242 4242 4242`)).toContain('[card number]');
  });
  it.each(['1 ', '1', '1-1 ', '1234567890123 ', '4 '])('takes no longer than the text is long: %p', (part) => {
    const costMs = (length: number, end: string): number => {
      const text = part.repeat(length / part.length) + end;
      const before = process.cpuUsage();
      scrubCardNumbers(text);
      const { user, system } = process.cpuUsage(before); // what is counted for which of them is a guess of the kernel's; their sum is measured
      return (user + system) / 1_000;
    };
    for (const end of ['', 'a', '.5']) {
      costMs(10_000, end); // compiled from here on
      const least = (length: number) => Math.min(costMs(length, end), costMs(length, end), costMs(length, end));
      // Ten times the text costs about ten times as much, a hundred times where it is looked at again for each of its digits.
      expect(least(100_000)).toBeLessThan(40 * Math.max(least(10_000), 1));
    }
  });
  it('leaves ids alone', () => {
    for (let at = 0; at < 20_000; at += 1) {
      const id = randomUUID();
      expect(scrubCardNumbers(`payment-${id}`)).toBe(`payment-${id}`);
    }
  });
  it('holds for messages, nested fields, errors and keys', () => {
    const lines: string[] = [];
    const logger = createLogger({ app: 'test', write: (line) => lines.push(line) });
    logger.info({ deep: { er: ['4242424242424242'] }, '4000056655665556': 1 }, 'saw 4242 4242 4242 4242');
    logger.error(new Error('declined 5555555555554444'));
    const logged = lines.join('');
    for (const digits of ['4242424242424242', '4242 4242 4242 4242', '5555555555554444', '4000056655665556'])
      expect(logged).not.toContain(digits);
    expect(lines).toHaveLength(2);
  });
});
