import { jest } from '@jest/globals';
import fc from 'fast-check';

const zeros = Buffer.alloc(32);

// Before the cache is loaded, which holds on to the clock that it finds.
jest.useFakeTimers();
// At zero, where no process ever is, it takes nothing for old.
jest.advanceTimersByTime(1);
const { KeyCache } = await import('./key-cache.js');
afterAll(() => {
  jest.useRealTimers();
});

describe('the limits of the key cache', () => {
  it('never gives a key past its age, its uses or its number, zeroes each that goes, and zeroes none in use', async () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ use: fc.constantFrom('a', 'b', 'c', 'd') }) },
      { weight: 2, arbitrary: fc.record({ waitMs: fc.integer({ min: 1, max: 150 }) }) },
      { weight: 1, arbitrary: fc.constant({ clear: true as const }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.record({
          maxEntries: fc.integer({ min: 1, max: 3 }),
          maxAgeMs: fc.integer({ min: 10, max: 200 }),
          maxUses: fc.integer({ min: 1, max: 5 }),
        }),
        async (steps, bounds) => {
          const cache = new KeyCache(bounds);
          const loaded: { bytes: Buffer; atMs: number; uses: number }[] = [];
          const load = () => {
            const key = { version: 1, bytes: Buffer.alloc(32, 7) };
            loaded.push({ bytes: key.bytes, atMs: performance.now(), uses: 0 });
            return Promise.resolve(key);
          };
          for (const each of steps) {
            if ('waitMs' in each) await jest.advanceTimersByTimeAsync(each.waitMs);
            else if ('clear' in each) cache.clear();
            else
              await cache.use(each.use, load, ({ bytes }) => {
                const given = loaded.find((key) => key.bytes === bytes);
                if (!given) throw new Error('a key that was never loaded');
                given.uses += 1;
                expect(bytes.every((byte) => byte === 7)).toBe(true);
                expect(given.uses).toBeLessThanOrEqual(bounds.maxUses);
                expect(performance.now() - given.atMs).toBeLessThanOrEqual(bounds.maxAgeMs);
              });
            const held = loaded.filter(({ bytes }) => !bytes.equals(zeros));
            expect(held.length).toBeLessThanOrEqual(bounds.maxEntries);
          }
          // Nobody asks any more: by their age all of them go.
          await jest.advanceTimersByTimeAsync(bounds.maxAgeMs + 2);
          expect(loaded.every(({ bytes }) => bytes.equals(zeros))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
