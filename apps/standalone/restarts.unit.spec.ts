import { Restarts } from './restarts.js';

describe('restarts', () => {
  it('come at once, then at growing distances, then no more', () => {
    const restarts = new Restarts(9);
    const waits = Array.from({ length: 10 }, () => restarts.next(0));
    expect(waits).toEqual([0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, undefined]);
  });

  it('begin again after ten seconds of service', () => {
    const restarts = new Restarts(2);
    expect([restarts.next(0), restarts.next(9_999), restarts.next(10_000), restarts.next(0)]).toEqual([0, 100, 0, 100]);
  });
});
