import { Age } from './index.js';

const noon = new Date('2026-11-01T12:00:00Z');
const later = (ms: number) => new Date(noon.getTime() + ms);

describe('how old something is that was read', () => {
  let uptimeMs: number;
  let age: Age;
  beforeEach(() => {
    uptimeMs = 5_000;
    age = new Age(() => uptimeMs);
  });

  it('is as old as can be before it was read', () => {
    expect(age.at(noon)).toBe(Infinity);
  });

  it('is what the clock says', () => {
    age.renew(noon);
    expect(age.at(later(1_000))).toBe(1_000);
  });

  it('is the time that has passed where the clock stood still or was set back meanwhile', () => {
    age.renew(noon);
    uptimeMs += 60_000;
    expect(age.at(later(1_000))).toBe(60_000);
    expect(age.at(later(-1))).toBe(Infinity);
    age.renew(later(-3_600_000));
    expect(age.at(later(-3_600_000))).toBe(0);
  });

  it('is at least the time that has passed, where a clock that was set back shall end nothing', () => {
    expect(age.atLeast(noon)).toBe(Infinity);
    age.renew(noon);
    uptimeMs += 60_000;
    expect(age.atLeast(later(-3_600_000))).toBe(60_000);
    expect(age.atLeast(later(90_000))).toBe(90_000);
  });
});
