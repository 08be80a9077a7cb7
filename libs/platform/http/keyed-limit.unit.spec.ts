import { jest } from '@jest/globals';

import { KeyedLimit } from './keyed-limit.js';

beforeEach(() => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }));
afterEach(() => jest.useRealTimers());

const limit = { requests: 3, seconds: 10 };

describe('a limit', () => {
  it('admits as many requests of a key as it says, and tells what is left', async () => {
    const requests = new KeyedLimit(limit);
    const standings = [];
    for (let at = 0; at < 5; at += 1) standings.push(await requests.count('a'));
    expect(standings.map(({ admitted, remaining }) => [admitted, remaining])).toEqual([
      [true, 2],
      [true, 1],
      [true, 0],
      [false, 0],
      [false, 0],
    ]);
    expect(await requests.count('b')).toEqual({ admitted: true, remaining: 2, resetSeconds: 10 });
  });

  it('admits a key again once the window that its first request began is over, and says when', async () => {
    const requests = new KeyedLimit(limit);
    for (let at = 0; at < 3; at += 1) await requests.count('a');
    jest.advanceTimersByTime(7_500);
    expect(await requests.count('a')).toEqual({ admitted: false, remaining: 0, resetSeconds: 3 });
    jest.advanceTimersByTime(2_499);
    expect((await requests.count('a')).admitted).toBe(false);
    jest.advanceTimersByTime(2);
    expect(await requests.count('a')).toEqual({ admitted: true, remaining: 2, resetSeconds: 10 });
  });

  it('counts so many keys and no more: the one that was used longest ago begins anew', async () => {
    const requests = new KeyedLimit(limit, 2);
    for (let at = 0; at < 4; at += 1) await requests.count('a');
    await requests.count('b');
    expect((await requests.count('a')).admitted).toBe(false);
    await requests.count('c'); // b goes
    expect((await requests.count('a')).admitted).toBe(false);
    expect((await requests.count('b')).remaining).toBe(2); // c goes
    for (let at = 0; at < 1_000; at += 1) await requests.count(`key ${at}`);
    expect(jest.getTimerCount()).toBe(2); // each key that is counted has one
  });
});
