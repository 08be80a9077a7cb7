import { setTimeout as pause } from 'node:timers/promises';

import { createMetrics } from '../metrics/index.js';
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

it('are a metric, 1 while they hold and 0 once they are over', async () => {
  const metrics = createMetrics('tested');
  const warnings = new Warnings(metrics);
  const told = async () =>
    (await metrics.metrics())
      .split('\n')
      .filter((line) => line.startsWith('billing_warnings{'))
      .sort();
  expect(await told()).toEqual([]);
  warnings.set('a', 'one');
  warnings.set('b', 'two', 1);
  await pause(5);
  expect(await told()).toEqual([
    'billing_warnings{code="a",app="tested"} 1',
    'billing_warnings{code="b",app="tested"} 0',
  ]);
  warnings.set('a', undefined);
  expect(await told()).toEqual([
    'billing_warnings{code="a",app="tested"} 0',
    'billing_warnings{code="b",app="tested"} 0',
  ]);
});

it('have few codes, each a word: no name of somebody becomes a series', () => {
  const warnings = new Warnings();
  for (const code of ['', 'A', 'a b', 'acct-1', 'a'.repeat(65)])
    expect(() => {
      warnings.set(code, 'one');
    }).toThrow(RangeError);
  for (let at = 0; at < 64; at += 1) warnings.set(`code_${at}`, 'one');
  expect(() => {
    warnings.set('one_more', undefined);
  }).toThrow(RangeError);
  warnings.set('code_0', undefined);
  expect(warnings.list()).toHaveLength(63);
});
