import type { Environment } from '#keys';
import { neededPermissions } from '#processor/stripe/permissions';

import { kinds, recommendationFor } from './kinds.js';

const formOf = (key: string, environment: Environment) => kinds.api.formOf(key, environment);

describe('an API key', () => {
  it('is a live one in production, and a test one everywhere else', () => {
    for (const kind of ['sk', 'rk'] as const) {
      expect(formOf(`${kind}_live_abcdef`, 'production')).toBe(`${kind}_live`);
      expect(() => formOf(`${kind}_test_abcdef`, 'production')).toThrow('production takes live keys alone');
      for (const environment of ['development', 'test'] as const) {
        expect(formOf(`${kind}_test_abcdef`, environment)).toBe(`${kind}_test`);
        expect(() => formOf(`${kind}_live_abcdef`, environment)).toThrow('charges real cards');
      }
    }
  });

  it.each([
    '',
    'sk_test_',
    'pk_test_abcdef',
    'sk_test_ab cdef',
    'sk_test_abcdef\n',
    ' sk_test_abcdef',
    'rk_prod_abcdef',
    `sk_test_${'a'.repeat(251)}`,
  ])('is not "%s", which no error quotes', (key) => {
    expect(() => formOf(key, 'test')).toThrow(
      /^this is no key of Stripe's API: one line, rk_... or sk_..., without spaces$/,
    );
  });

  it('that may do everything comes with what a restricted one needs', () => {
    for (const permission of neededPermissions) expect(recommendationFor('sk_live')).toContain(permission);
    expect([recommendationFor('rk_live'), recommendationFor(null)]).toEqual([undefined, undefined]);
  });
});
