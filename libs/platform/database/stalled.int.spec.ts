import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { openPool } from './index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Takes what an append takes of a shard, and waits for five seconds as that does. */
const append = async (): Promise<void> => {
  const client = await database.admin.connect();
  try {
    await client.query(`begin; set local lock_timeout = '5s'`);
    await client.query('select from billing.log_head where shard = 3 for no key update');
  } finally {
    await client.query('rollback');
    client.release();
  }
};

describe('a pool', () => {
  it('loses a connection that stops in the middle of a transaction, with all that it holds', async () => {
    const pool = openPool({ url: database.adminUrl, app: 'spec', max: 1, idleInTransactionTimeoutMs: 300 });
    const client = await pool.connect();
    await client.query('begin; select from billing.log_head where shard = 3 for no key update');
    await append();
    await expect(client.query('commit')).rejects.toThrow();
    client.release(true);
    expect((await pool.query('select 1')).rowCount).toBe(1);
    await pool.end();
  });

  it('bounds that by ten seconds where nothing else is said', async () => {
    const pool = openPool({ url: database.adminUrl, app: 'spec', max: 1 });
    const { rows } = await pool.query('show idle_in_transaction_session_timeout');
    expect(rows).toEqual([{ idle_in_transaction_session_timeout: '10s' }]);
    await pool.end();
  });
});
