import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConfigurationError } from '#platform/configuration';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { openOperator, operatorDatabaseUrl } from './index.js';

let database: TestDatabase;
let directory: string;
beforeAll(async () => {
  database = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'billing-operator-'));
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await database.drop();
});

describe("the operator's tools", () => {
  it('act as the role that they ask for, from the first statement on', async () => {
    const pool = openOperator({ DATABASE_URL: database.adminUrl }, 'billing_analyst');
    const { rows } = await pool.query<{ role: string }>('select current_user as role');
    expect(rows).toEqual([{ role: 'billing_analyst' }]);
    await expect(pool.query('select from billing.tenant_key')).rejects.toThrow('permission denied');
    await pool.end();
  });

  it('find the database of the service that runs on the data directory', () => {
    expect(() => operatorDatabaseUrl({ BILLING_DATA_DIR: directory })).toThrow(ConfigurationError);
    expect(() => operatorDatabaseUrl({ BILLING_DATA_DIR: directory })).toThrow('npm start');
    writeFileSync(join(directory, 'run.json'), JSON.stringify({ pid: 1, databaseUrl: 'postgres://a@127.0.0.1/b' }));
    expect(operatorDatabaseUrl({ BILLING_DATA_DIR: directory })).toBe('postgres://a@127.0.0.1/b');
    expect(operatorDatabaseUrl({ BILLING_DATA_DIR: directory, DATABASE_URL: 'postgres://c/d' })).toBe('postgres://c/d');
  });

  it('say which setting is wrong', () => {
    for (const wrong of ['mysql://a', 'postgres://a:b@c:d/e', 'postgres://a:b:c@@/d']) {
      expect(() => operatorDatabaseUrl({ DATABASE_URL: wrong })).toThrow(ConfigurationError);
      expect(() => operatorDatabaseUrl({ DATABASE_URL: wrong })).toThrow(
        /^DATABASE_URL must be a postgres:\/\/ connection string$/,
      );
    }
  });
});
