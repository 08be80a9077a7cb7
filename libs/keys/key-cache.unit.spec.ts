import { setTimeout as sleep } from 'node:timers/promises';
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
});
