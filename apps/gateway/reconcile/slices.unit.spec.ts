import fc from 'fast-check';

import { sliceCount, sliceOf } from './slices.js';

const hourMs = 3_600_000;

it('slices cover the window without a gap, are at most a hundred, and no shorter than an hour but for the last', () => {
  const begin = Date.UTC(2026, 0, 1);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 366 * 24 * hourMs }), (lengthMs) => {
      const window = { from: new Date(begin), to: new Date(begin + lengthMs) };
      const slices = Array.from({ length: sliceCount(window) }, (_, slice) => sliceOf(window, slice));
      expect(slices.length).toBeLessThanOrEqual(100);
      expect([slices[0]?.from, slices.at(-1)?.to]).toEqual([window.from, window.to]);
      slices.slice(1).forEach(({ from }, at) => {
        expect(from).toEqual(slices[at]?.to);
      });
      for (const { from, to } of slices.slice(0, -1))
        expect(to.getTime() - from.getTime()).toBeGreaterThanOrEqual(hourMs);
    }),
  );
});
