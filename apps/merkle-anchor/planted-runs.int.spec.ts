import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { jest } from '@jest/globals';
import pg from 'pg';

import type { Standing } from './anchor.js';
import { AuditedLog, longPatienceMs, patienceMs } from './testing/audited-log.js';

jest.setTimeout(longPatienceMs);

let log: AuditedLog;
let thief: pg.Pool;
beforeAll(async () => {
  log = await AuditedLog.open();
  thief = log.database.pool('billing_merkle_anchor', { max: 2 });
  await log.append(5);
  await log.sealAll(); // shard 3 and shard 7: leaves 0 to 9
});
afterAll(() => log.close());

type Row = [index: number, shard: number, position: number, count: number];
const plant = (pool: Pick<pg.Pool, 'query'>, ...rows: Row[]) =>
  pool.query(
    `insert into billing.audit_leaf_run select * from unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::integer[])`,
    [0, 1, 2, 3].map((at) => rows.map((row) => row[at])),
  );

/** As the administrator does it by docs/operations/audit-log.md. */
const repair = async (): Promise<void> => {
  const page = await readFile(new URL('../../docs/operations/audit-log.md', import.meta.url), 'utf8');
  const [, sql] = /### Writing audit_leaf_run anew\n[^#]*```sql\n([^`]+)```/.exec(page) ?? [];
  if (sql === undefined) throw new Error('the page does not say how');
  await log.database.admin.query(sql);
};

/** Runs an anchor until it stops, and gives why. */
const stops = async (work: () => Promise<void> = () => Promise.resolve()): Promise<Standing> => {
  const anchor = log.anchor();
  await work();
  for (const until = Date.now() + patienceMs; anchor.standing.state !== 'stopped'; await sleep(5))
    if (Date.now() > until) throw new Error(`it is ${anchor.standing.state}, and has not stopped`);
  const { standing } = anchor;
  await log.stop(anchor);
  return standing;
};

/** Has the anchor write the table anew and go on. */
const goesOn = async (): Promise<void> => {
  await repair();
  await log.append(1);
  await log.sealAll();
  expect((await log.verify()).checkpoint.size).toBe(await log.events());
};

it.each<[string, Row[]]>([
  ['far beyond the log', [[10 ** 9, 9, 1, 1]]],
  ['within it', [[7, 9, 1, 1]]],
  ['at its end, of a position that its shard is not at', [[10, 3, 100_000, 1]]],
  ['at its end, of a position that its shard is beyond', [[10, 3, 5, 1]]],
  [
    'with a gap after the first',
    [
      [10, 9, 1, 1],
      [12, 9, 2, 1],
    ],
  ],
  [
    'with another shard between that skips one',
    [
      [10, 9, 1, 1],
      [11, 8, 1, 1],
      [12, 9, 3, 1],
    ],
  ],
])('a row %s is refused to whoever may insert, and to the owner', async (_, rows) => {
  const owner = new pg.Pool({ connectionString: log.database.adminUrl, max: 1, options: '-c role=billing_owner' });
  for (const pool of [thief, owner]) await expect(plant(pool, ...rows)).rejects.toMatchObject({ code: '23514' });
  await owner.end();
});

it('one of two who say at once how the log goes on waits for the other, and is refused', async () => {
  const [first, second] = [await thief.connect(), await thief.connect()];
  try {
    for (const level of ['read committed', 'repeatable read', 'serializable']) {
      for (const client of [first, second]) await client.query(`begin isolation level ${level}`);
      await second.query('select count(*) from billing.audit_leaf_run');
      await plant(first, [10, 3, 6, 2]);
      const late = plant(second, [10, 9, 1, 1]).then(
        () => 'inserted',
        (error: { code: string }) => error.code,
      );
      await expect(plant(log.database.admin, [12, 3, 8, 1])).rejects.toMatchObject({ code: '23514' });
      await first.query('rollback');
      expect(await late).toBe('inserted');
      await second.query('rollback');
    }
  } finally {
    first.release();
    second.release();
  }
});

it('a stolen anchor role stops the log no longer than until the table is emptied, and the store is not blamed', async () => {
  await plant(thief, [10, 9, 1, 1]);
  expect(await stops()).toMatchObject({
    reason: 'runs_changed',
    message: expect.stringContaining('the row (first_index 10, shard 9, first_position 1, count 1)') as string,
  });
  expect(await stops()).toMatchObject({ reason: 'runs_changed' });
  await goesOn();
});

it('rows that are planted while the anchor seals are found as soon as the log comes there', async () => {
  const { size } = await log.checkpoint();
  const half: Row = [size, 3, size / 2 + 1, 1]; // true, as far as it goes: the step has more of that shard
  const standing = await stops(async () => {
    await plant(thief, half);
    await log.append(3);
  });
  expect(standing).toMatchObject({ reason: 'runs_changed' });
  expect(await stops()).toMatchObject({ reason: 'runs_changed' });
  await goesOn();
});
