import { RateLimit } from './rate-limit.js';

const limitAt = (perSecond: number) => {
  let now = 10_000;
  const limit = new RateLimit(perSecond, () => now);
  return {
    limit,
    pass: (ms: number) => {
      now += ms;
    },
  };
};

describe('the rate limit', () => {
  it('lets a second’s worth go at once, then one at a time', () => {
    const { limit } = limitAt(10);
    const waits = Array.from({ length: 13 }, () => Math.round(limit.take()));
    expect(waits).toEqual([...Array<number>(10).fill(0), 100, 200, 300]);
  });

  it('saves up no more than a second', () => {
    const { limit, pass } = limitAt(10);
    pass(60_000);
    const waits = Array.from({ length: 11 }, () => limit.take());
    expect(waits.filter((wait) => wait === 0)).toHaveLength(10);
  });

  it('pauses when it is told to', () => {
    const { limit, pass } = limitAt(10);
    limit.pause(500);
    expect(Math.round(limit.take())).toBe(600);
    pass(2_000);
    expect(limit.take()).toBe(0);
  });
});
