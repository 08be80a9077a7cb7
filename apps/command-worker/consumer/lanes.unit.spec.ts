import { setTimeout as sleep } from 'node:timers/promises';

import { inLanes } from './lanes.js';

describe('work in lanes', () => {
  it('is done in order within a lane, at once across lanes, and no more at once than asked for', async () => {
    const items = Array.from({ length: 60 }, (_, at) => ({ lane: `lane ${at % 10}`, at }));
    const seen = new Map<string, number[]>();
    let [running, most] = [0, 0];
    const results = await inLanes(
      items,
      ({ lane }) => lane,
      4,
      async ({ lane, at }) => {
        running += 1;
        most = Math.max(most, running);
        await sleep(Math.random() * 3);
        seen.set(lane, [...(seen.get(lane) ?? []), at]);
        running -= 1;
        return at * 2;
      },
    );
    expect(results).toEqual(items.map(({ at }) => at * 2));
    for (const order of seen.values()) expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(most).toBe(4);
  });

  it('rejects only when nothing is in progress any more, and begins nothing after an error', async () => {
    let [ended, begun] = [0, 0];
    const work = async (at: number) => {
      begun += 1;
      if (at === 0) throw new Error('no');
      await sleep(20);
      ended += 1;
    };
    await expect(inLanes([0, 1, 2, 3, 4, 5], String, 3, work)).rejects.toThrow('no');
    expect({ begun, ended }).toEqual({ begun: 3, ended: 2 });
  });
});
