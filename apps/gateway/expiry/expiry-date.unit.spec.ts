import { expiresOn } from '#projections';

import { endsSoon } from './expiry-date.js';

const on = (day: string): Date => new Date(`${day}T12:00:00Z`);

describe('a card', () => {
  it('is good until its month is over, and ends soon thirty days before that', () => {
    const last = expiresOn({ expMonth: 2, expYear: 2027 });
    expect(last).toBe('2027-02');
    expect(endsSoon(last, on('2027-01-29'))).toBe(false);
    expect(endsSoon(last, on('2027-01-30'))).toBe(true);
    expect(endsSoon(last, on('2027-02-28'))).toBe(true);
  });
  it('of December ends with the year', () => {
    expect(endsSoon('2026-12', on('2026-12-01'))).toBe(false);
    expect(endsSoon('2026-12', on('2026-12-03'))).toBe(true);
  });
  it('that has ended is told of as well: nobody had a chance to before', () => {
    expect(endsSoon('2020-06', on('2026-11-21'))).toBe(true);
  });
});
