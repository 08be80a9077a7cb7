import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { interleavingPath, interleavingPrefix } from '#audit-log';
import type { ObjectStore } from '#object-store';

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

/** A store that takes a while to answer, and what was read of it. */
const slow = (store: ObjectStore) => {
  const told = { paths: [] as string[], inFlight: 0, most: 0 };
  const read = async (path: string) => {
    told.paths.push(path);
    told.inFlight += 1;
    told.most = Math.max(told.most, told.inFlight);
    await sleep(3);
    return store.read(path).finally(() => (told.inFlight -= 1));
  };
  const around: ObjectStore = {
    ...{ name: store.name, read, list: (prefix, options) => store.list(prefix, options) },
    create: (path, bytes) => store.create(path, bytes),
    replace: (path, bytes) => store.replace(path, bytes),
  };
  return { told, around };
};

it('an emptied table is written anew from records that are read sixteen at once, each of them once, in their order', async () => {
  const anchor = log.anchor({ checkpointMs: 1 });
  for (let step = 0; step < 24; step += 1) {
    await log.append(1);
    await log.published(await log.events());
  }
  await log.stop(anchor);
  await writeFile(join(log.storePath, interleavingPath(1)), 'no step of the log begins there');
  await removeRuns('true');
  const store = slow(log.store());
  await log.sealAll({ around: () => store.around });
  const { told } = store;
  expect(told.most).toBeGreaterThanOrEqual(12);
  expect(told.most).toBeLessThanOrEqual(17); // and the one at hand
  const records = told.paths.filter((path) => path.startsWith(interleavingPrefix));
  expect(records.length).toBeGreaterThanOrEqual(24);
  expect(new Set(records).size).toBe(records.length);
  expect((await log.verify()).checkpoint.size).toBe(await log.events());
});

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
