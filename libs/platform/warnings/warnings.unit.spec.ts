import { setTimeout as pause } from 'node:timers/promises';

import { Warnings } from './index.js';

it('are told until they are taken back, sorted by code', () => {
  const warnings = new Warnings();
  expect(warnings.readiness()).toEqual({ status: 'ok' });
  warnings.set('b', 'two');
  warnings.set('a', 'one');
  warnings.set('a', 'one more');
  expect(warnings.readiness()).toEqual({
    status: 'degraded',
    warnings: [
      { code: 'a', message: 'one more' },
      { code: 'b', message: 'two' },
    ],
  });
  warnings.set('a', undefined);
  warnings.set('b', undefined);
  expect(warnings.list()).toEqual([]);
});

it('that were said for a while are told for so long after they were last said', async () => {
  const warnings = new Warnings();
  warnings.set('a', 'one', 1_000);
  warnings.set('b', 'two', 1);
  await pause(5);
  expect(warnings.list()).toEqual([{ code: 'a', message: 'one' }]);
  warnings.set('b', 'two', 1_000);
  expect(warnings.list()).toHaveLength(2);
});
