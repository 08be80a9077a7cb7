import { inGroups, inParallel } from './in-parallel.js';

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A listing without end, that tells how much of it was fetched. */
const endless = () => {
  const listing = { fetched: 0, closed: false };
  const items = (async function* () {
    try {
      for (;;) {
        await tick();
        listing.fetched += 1;
        yield listing.fetched;
      }
    } finally {
      listing.closed = true;
    }
  })();
  return { listing, items };
};

describe('work on a listing', () => {
  it('fetches an item when there is a hand free for it, however long the listing', async () => {
    const { listing, items } = endless();
    let [inHand, most, done] = [0, 0, 0];
    const work = inParallel(items, 4, async () => {
      inHand += 1;
      most = Math.max(most, inHand, listing.fetched - done);
      await tick();
      await tick();
      inHand -= 1;
      done += 1;
      if (done > 1_000) throw new Error('enough');
    });
    await expect(work).rejects.toThrow('enough');
    expect(most).toBeLessThanOrEqual(5);
    expect(listing).toMatchObject({ closed: true });
  });

  it('does each item once, and ends with the last', async () => {
    const seen: number[] = [];
    await inParallel([1, 2, 3, 4, 5], 3, async (item) => {
      await tick();
      seen.push(item);
    });
    expect(seen.sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it('waits for what is in hand before it tells of a failure, and begins nothing more', async () => {
    const ended: number[] = [];
    const work = inParallel([1, 2, 3, 4], 2, async (item) => {
      if (item === 1) throw new Error('first');
      await tick();
      ended.push(item);
    });
    await expect(work).rejects.toThrow('first');
    expect(ended).toEqual([2]);
  });

  it('throws what the listing throws', async () => {
    const broken = (async function* () {
      yield 1;
      await tick();
      throw new Error('no more pages');
    })();
    await expect(inParallel(broken, 2, () => Promise.resolve())).rejects.toThrow('no more pages');
  });
});

it('groups are full but for the last', async () => {
  const groups: number[][] = [];
  const items = (async function* () {
    for (let item = 1; item <= 7; item += 1) {
      await tick();
      yield item;
    }
  })();
  for await (const group of inGroups(items, 3)) groups.push(group);
  expect(groups).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
});
