import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { KeyCache } from './key-cache.js';

const limits = { maxEntries: 2, maxAgeMs: 60_000, maxUses: 1_000 };
const material = (fill = 7) => ({ version: 1, bytes: Buffer.alloc(32, fill) });
const zeros = Buffer.alloc(32);

describe('the key cache', () => {
  it('loads a key once for a hundred callers at the same time', async () => {
    let loads = 0;
    const cache = new KeyCache(limits);
    const load = async () => {
      loads += 1;
      await sleep(5);
      return material();
    };
    const seen = await Promise.all(Array.from({ length: 100 }, () => cache.use('a', load, (key) => key.bytes[0])));
    expect(seen).toEqual(Array(100).fill(7));
    expect(loads).toBe(1);
  });

  it('zeroes the least recently used key when it is full', async () => {
    const cache = new KeyCache(limits);
    const first = material();
    await cache.use(
      'a',
      () => Promise.resolve(first),
      () => undefined,
    );
    await cache.use(
      'b',
      () => Promise.resolve(material()),
      () => undefined,
    );
    expect(first.bytes).not.toEqual(zeros);
    await cache.use(
      'c',
      () => Promise.resolve(material()),
      () => undefined,
    );
    expect(first.bytes).toEqual(zeros);
  });

  it('never hands out a zeroed key, though keys are evicted while callers wait for theirs', async () => {
    const cache = new KeyCache({ ...limits, maxEntries: 1 });
    const uses = Array.from({ length: 300 }, (_, at) =>
      cache.use(
        `key ${at % 30}`,
        () => Promise.resolve(material((at % 30) + 1)),
        (key) => key.bytes.every((byte) => byte === (at % 30) + 1),
      ),
    );
    expect(await Promise.all(uses)).toEqual(Array(300).fill(true));
  });

  it('zeroes a key that grew too old, without anybody asking for it', async () => {
    const cache = new KeyCache({ ...limits, maxAgeMs: 20 });
    const old = material();
    await cache.use(
      'a',
      () => Promise.resolve(old),
      () => undefined,
    );
    for (let waited = 0; waited < 200 && !old.bytes.equals(zeros); waited += 1) await sleep(10);
    expect(old.bytes).toEqual(zeros);
  });

  it('loads a key anew after its number of uses', async () => {
    let loads = 0;
    const cache = new KeyCache({ ...limits, maxUses: 10 });
    const load = () => {
      loads += 1;
      return Promise.resolve(material());
    };
    for (let use = 0; use < 25; use += 1) await cache.use('a', load, () => undefined);
    expect(loads).toBe(3);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('KMS is down'))],
    [
      'throws at once',
      () => {
        throw new Error('KMS is down');
      },
    ],
  ])('keeps nothing of a load that %s', async (_, fail: () => Promise<never>) => {
    const cache = new KeyCache(limits);
    await expect(cache.use('a', fail, () => 'used')).rejects.toThrow('KMS is down');
    await expect(
      cache.use(
        'a',
        () => Promise.resolve(material()),
        () => 'used',
      ),
    ).resolves.toBe('used');
  });

  it('keeps nothing of a load that was under way when it was cleared, and serves whoever waited for it', async () => {
    const cache = new KeyCache(limits);
    let arrive = (_: ReturnType<typeof material>): void => undefined;
    const first = material(1);
    const used = cache.use(
      'a',
      () => new Promise<ReturnType<typeof material>>((resolve) => (arrive = resolve)),
      (key) => key.bytes[0],
    );
    await sleep(1);
    cache.clear();
    const after = cache.use(
      'a',
      () => Promise.resolve(material(2)),
      (key) => key.bytes[0],
    );
    arrive(first);
    expect([await used, await after]).toEqual([1, 2]);
    expect(first.bytes).toEqual(zeros);
    const held = () => Promise.reject(new Error('it is held'));
    expect(await cache.use('a', held, (key) => key.bytes[0])).toBe(2);
  });

  it('zeroes everything on clear', async () => {
    const cache = new KeyCache(limits);
    const key = material();
    await cache.use(
      'a',
      () => Promise.resolve(key),
      () => undefined,
    );
    cache.clear();
    expect(key.bytes).toEqual(zeros);
  });

  it('refuses a key that grew too old or was used too often while its load fails, and has it again once that works', async () => {
    const cache = new KeyCache({ ...limits, maxAgeMs: 20, maxUses: 3 });
    const down = () => Promise.reject(new Error('KMS is down'));
    const up = () => Promise.resolve(material());
    const use = (load: () => Promise<ReturnType<typeof material>>) => cache.use('a', load, (key) => key.bytes[0]);
    expect([await use(up), await use(down), await use(down)]).toEqual([7, 7, 7]);
    await expect(use(down)).rejects.toThrow('KMS is down'); // used up
    expect(await use(up)).toBe(7);
    await sleep(60);
    await expect(use(down)).rejects.toThrow('KMS is down'); // too old
    expect(await use(up)).toBe(7);
  });

  it('gives no key more often than it may be used, however many wait for one load, and everybody a key', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 40 }),
        fc.record({ maxEntries: fc.integer({ min: 1, max: 3 }), maxUses: fc.integer({ min: 1, max: 5 }) }),
        async (callers, bounds) => {
          const cache = new KeyCache({ ...limits, ...bounds });
          const uses = new Map<Buffer, number>();
          const load = async () => {
            const key = material();
            uses.set(key.bytes, 0);
            await Promise.resolve();
            return key;
          };
          const use = ({ bytes }: { bytes: Buffer }) => {
            uses.set(bytes, (uses.get(bytes) ?? 0) + 1);
            return bytes.every((byte) => byte === 7);
          };
          const given = await Promise.all(callers.map((id) => cache.use(id, load, use)));
          expect(given).toEqual(callers.map(() => true));
          expect(Math.max(...uses.values())).toBeLessThanOrEqual(bounds.maxUses);
          const held = [...uses.keys()].filter((bytes) => !bytes.equals(zeros));
          expect(held.length).toBeLessThanOrEqual(bounds.maxEntries);
        },
      ),
      { numRuns: 200 },
    );
  });
});
