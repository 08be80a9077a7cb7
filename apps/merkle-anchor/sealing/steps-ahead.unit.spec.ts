import type { Interleaving } from '#audit-log';
import { interleavingPath, leafRunsOf, sizeAfter } from '#audit-log';

import { StepsAhead } from './steps-ahead.js';

const leaves = 100;
const steps = 12;
const root = new Uint8Array(32);
const stepAt = (size: number): Interleaving | undefined =>
  size % leaves === 0 && size < steps * leaves
    ? { size, runs: [{ shard: 3, position: size + 1, count: leaves }], root }
    : undefined;
const sizes = Array.from({ length: steps }, (_, at) => at * leaves);

interface Changes {
  /** Sizes of which the store has a record's name. */
  named?: readonly number[];
  list?: () => Promise<string[]>;
  /** Is asked before the `nth` reading of a record, from 1 on. */
  beforeRead?: (size: number, nth: number) => void;
}

/** What goes through the steps of a log, and the records that it read and how often it listed. */
const opened = ({ named = sizes, list, beforeRead }: Changes = {}) => {
  const reads: number[] = [];
  let lists = 0;
  const ahead = new StepsAhead({
    store: {
      list: async (_, { after = '', limit }) => {
        lists += 1;
        if (list) return list();
        const paths = named.map(interleavingPath);
        return Promise.resolve(paths.filter((path) => path > after).slice(0, limit));
      },
    },
    readStep: async (size) => {
      reads.push(size);
      beforeRead?.(size, reads.filter((each) => each === size).length);
      return Promise.resolve(stepAt(size));
    },
    prepare: (step) => Promise.resolve(leafRunsOf(step)).then(() => undefined),
  });
  const walk = async (): Promise<number[]> => {
    const walked: number[] = [];
    let at = 0;
    for (let step = await ahead.at(at); step; step = await ahead.at(at)) {
      walked.push(at);
      at = sizeAfter(step);
    }
    return walked;
  };
  return { ahead, walk, reads, lists: () => lists };
};

it('each step is read once, also where somebody put more names between two of them than are read ahead', async () => {
  const named = Array.from({ length: steps * leaves }, (_, size) => size);
  const { walk, reads } = opened({ named });
  expect(await walk()).toEqual(sizes);
  expect(sizes.map((size) => reads.filter((each) => each === size).length)).toEqual(sizes.map(() => 1));
});

it('nothing is listed where no step follows', async () => {
  const { ahead, lists } = opened();
  expect(await ahead.at(steps * leaves)).toBeUndefined();
  expect(lists()).toBe(0);
  expect(await ahead.at((steps - 1) * leaves)).toBeDefined();
  expect(lists()).toBe(1);
});

it('a store that does not list just now costs the reading ahead alone, and is not asked again', async () => {
  const { walk, lists } = opened({ list: () => Promise.reject(new Error('SlowDown')) });
  expect(await walk()).toEqual(sizes);
  expect(lists()).toBe(1);
});

it('a step that could not be read ahead is read when it is its turn, and rejects where that fails, too', async () => {
  const once = opened({
    beforeRead: (size, nth) => {
      if (size === 300 && nth === 1) throw new Error('SlowDown');
    },
  });
  expect(await once.walk()).toEqual(sizes);
  const away = opened({
    beforeRead: (size) => {
      if (size === 300) throw new Error('away');
    },
  });
  await expect(away.walk()).rejects.toThrow('away');
});
