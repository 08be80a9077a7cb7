import { waitOf } from './prefer.js';
import { ProblemError } from './problem.js';

describe('the wait of Prefer (RFC 7240)', () => {
  it.each([
    [undefined, 5_000],
    ['respond-async', 5_000],
    ['wait=0', 0],
    ['wait=7', 7_000],
    ['wait = "7"', 7_000],
    ['Wait=7', 7_000],
    ['respond-async, wait=10; x=y', 10_000],
    ['wait=60', 60_000],
    ['wait=999999999', 60_000],
    ['await=1', 5_000],
    [['respond-async', 'wait=3'], 3_000],
  ])('%p is %d ms', (prefer, waitMs) => {
    expect(waitOf(prefer)).toBe(waitMs);
  });

  it('is what the route says where a caller says nothing', () => {
    expect([undefined, 'respond-async', 'wait=7'].map((prefer) => waitOf(prefer, 0))).toEqual([0, 0, 7_000]);
  });

  it.each(['wait=', 'wait=-1', 'wait=1.5', 'wait=soon', 'wait=1e3', 'wait=9999999999', 'wait=٣'])(
    '%p is refused',
    (prefer) => {
      expect(() => waitOf(prefer)).toThrow(ProblemError);
    },
  );
});
