import fc from 'fast-check';
import { normalizeEmail } from './normalize-email.js';

describe('an email address for comparison', () => {
  it.each([
    ['Ada@Example.COM', 'ada@example.com'],
    ['  ada@example.com\t\n', 'ada@example.com'],
    ['\uff41da@example.com', 'ada@example.com'],
    ['\u00a0ada@example.com', 'ada@example.com'],
    ['jose\u0301@example.com', 'jos\u00e9@example.com'],
  ])('%j is %j', (written, normal) => {
    expect(normalizeEmail(written)).toBe(normal);
  });

  it('stays as it is when normalised again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(normalizeEmail(normalizeEmail(text))).toBe(normalizeEmail(text));
      }),
    );
  });
});
