import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { interleavingPath } from '#audit-log';

import { AuditedLog } from './testing/audited-log.js';

/** What Postgres has of the places of leaves, after somebody who owns the database had a hand in it. */
let log: AuditedLog;
beforeAll(async () => {
  log = await AuditedLog.open();
  for (let step = 0; step < 3; step += 1) {
    await log.append(5);
    await log.sealAll();
  }
});
afterAll(() => log.close());

const removeRuns = async (condition: string): Promise<void> => {
  const client = await log.database.admin.connect();
  try {
    await client.query('begin');
    await client.query('alter table billing.audit_leaf_run disable trigger append_only');
    await client.query(`delete from billing.audit_leaf_run where ${condition}`);
    await client.query('alter table billing.audit_leaf_run enable always trigger append_only');
    await client.query('commit');
  } finally {
    client.release();
  }
};

it.each(['first_index < 10', 'shard = 3 and first_index >= 10 and first_index < 20'])(
  'runs that were removed where %s are written anew at the start',
  async (condition) => {
    await removeRuns(condition);
    await log.append(1);
    await log.sealAll();
    expect((await log.verify()).checkpoint.size).toBe(await log.events());
  },
);

it('a record whose runs were put in another order is not taken over into an emptied table', async () => {
  await removeRuns('true');
  const path = join(log.storePath, interleavingPath(0));
  const record = await readFile(path, 'utf8');
  await writeFile(path, record.replace(/"runs":\[(\[.*?\]),(\[.*?\])\]/, '"runs":[$2,$1]'));
  const anchor = log.anchor();
  for (const until = Date.now() + 10_000; anchor.standing.state === 'starting' && Date.now() < until;) await sleep(5);
  expect(anchor.standing).toMatchObject({ state: 'stopped', reason: 'file_changed' });
  expect(JSON.stringify(anchor.standing)).toContain(interleavingPath(0));
  const { rows } = await log.database.admin.query('select from billing.audit_leaf_run');
  expect(rows).toEqual([]);
});
