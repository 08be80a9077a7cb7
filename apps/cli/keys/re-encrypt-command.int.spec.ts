import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { runCommand } from '../testing/run-command.js';
import type { ReEncryptBounds } from './re-encrypt-command.js';
import { reEncryptCommand } from './re-encrypt-command.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(() => database.admin.query('truncate billing.key_reencryption'));
afterAll(() => database.drop());

const reEncrypt = (bounds: ReEncryptBounds) =>
  runCommand(reEncryptCommand({ DATABASE_URL: database.adminUrl, BILLING_ENV: 'test' }, bounds), []);
/** As a gateway does that begins a run; `saved` more rows than before. */
const begin = () => database.admin.query(`update billing.key_reencryption set state = 'running', rows_total = 100`);
const save = () => database.admin.query(`update billing.key_reencryption set rows_done = rows_done + 1`);
const states = async () =>
  (await database.admin.query<{ state: string }>('select state from billing.key_reencryption')).rows.map(
    ({ state }) => state,
  );

describe('billing keys re-encrypt, where no gateway runs', () => {
  it('takes back what it asked for, and says what to look at', async () => {
    const ran = await reEncrypt({ beginMs: 300 });
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('No gateway has begun')]);
    expect(await states()).toEqual([]);
  });
});

describe('billing keys re-encrypt, whose gateway is gone', () => {
  it('gives up once nothing has moved for a while, not before, and leaves the run to the next gateway', async () => {
    const asked = reEncrypt({ stillMs: 900 });
    const beganAt = performance.now();
    while ((await states()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await begin();
    for (let batch = 1; batch <= 6; batch += 1) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      await save();
    }
    const ran = await asked;
    expect(performance.now() - beganAt).toBeGreaterThan(6 * 250 + 900 - 250);
    expect([ran.code, ran.out, ran.err]).toEqual([
      1,
      '',
      expect.stringContaining('stands still: look whether a gateway'),
    ]);
    expect(await states()).toEqual(['running']);
  });

  it('gives up behind another run that stands still, too', async () => {
    await database.admin.query(
      `insert into billing.key_reencryption (run_id, asked_by, state, not_before, requested_at)
       values (gen_random_uuid(), 'schedule', 'running', now(), now())`,
    );
    const ran = await reEncrypt({ stillMs: 400 });
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('stands still')]);
  });

  it('does not count the time until a run that was interrupted goes on', async () => {
    await database.admin.query(
      `insert into billing.key_reencryption (run_id, asked_by, state, not_before, requested_at, last_error)
       values (gen_random_uuid(), 'schedule', 'running', now() + interval '1 second', now(), 'timeout')`,
    );
    const beganAt = performance.now();
    await reEncrypt({ stillMs: 300 });
    expect(performance.now() - beganAt).toBeGreaterThan(1_200);
  });
});
