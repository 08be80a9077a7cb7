import { SuspendedTenant } from '#event-store';
import pg from 'pg';

import { faultOfOne } from './faults.js';

describe('a failure to compare one object with the processor', () => {
  it('whose tenant is suspended, so that nothing may be said of it, holds up no other', () => {
    expect(faultOfOne(new SuspendedTenant())).toBe('SuspendedTenant');
  });

  it('of the database is one of all of them', () => {
    expect(faultOfOne(new pg.DatabaseError('permission denied', 0, 'error'))).toBeUndefined();
  });
});
