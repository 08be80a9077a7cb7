import type { AppendBatch, AppendResult } from '#event-store';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { signerOf } from '../../audit/testing/keys.js';
import { AuditKeyRegister } from './index.js';

const origin = 'example.com/register';
const now = '2026-11-22T02:00:00.000Z';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Introduces a key where the store answers like this, and tells how often it was asked. */
const introduce = async (answer: AppendResult): Promise<{ asked: number; message: string }> => {
  let asked = 0;
  const append: AppendBatch = (_, commands) => {
    asked += 1;
    return Promise.resolve(commands.map(() => answer));
  };
  const register = new AuditKeyRegister({ pool: database.admin, origin, append });
  const message = await register.introduce(signerOf(origin, 1).key, 'audit-1', now).then(
    () => 'introduced',
    (error: unknown) => String(error),
  );
  return { asked, message };
};

describe('a change of the keys of the audit log', () => {
  it('that is refused says by which rule, and is not tried again', async () => {
    expect(await introduce({ status: 'refused', rule: 'velocity', heldBy: null })).toEqual({
      asked: 1,
      message: 'Error: the keys of the audit log stay as they are: the change is refused by the rule velocity',
    });
  });

  it('whose id is in use says by what', async () => {
    const duplicate = { status: 'duplicate', streamId: 'payment-1', version: 1, fingerprint: null } as const;
    expect(await introduce(duplicate)).toEqual({ asked: 1, message: expect.stringContaining('payment-1') as string });
  });

  it('that others get ahead of is decided anew, a few times', async () => {
    expect(await introduce({ status: 'conflict', version: 7 })).toEqual({
      ...{ asked: 5, message: expect.stringContaining('others change the keys') as string },
    });
  });
});
