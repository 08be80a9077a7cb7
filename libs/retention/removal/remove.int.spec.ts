import { shardForNewTenant } from '#event-store';

import type { OldLog } from '../../../test/retention/old-log.js';
import { openOldLog } from '../../../test/retention/old-log.js';
import { someMoney } from '../../projections/testing/projected.js';
import { archivedMonths, archiveMonth, monthsToArchive, placeHold, writeDown } from '../index.js';
import { removeExpired } from './index.js';
import type { Removal } from './index.js';

let old: OldLog;
let shard: number;
let streams: string[];
beforeAll(async () => {
  old = await openOldLog();
  const { writer, tenantId } = old.projected;
  shard = shardForNewTenant(tenantId);
  const money = someMoney(tenantId, 9);
  streams = [...new Set(money.map(({ streamId }) => streamId))];
  await writer.write(money);
  await old.age(8, 0);
  await old.age(9, 0, streams.slice(0, 3));
  await writer.write(someMoney(tenantId, 1)); // now
  await old.projected.project();
  await old.seal();
  for (const of of await monthsToArchive(old.analyst, await archivedMonths(old.operator))) {
    const extent = await old.reader.extentOf(of);
    const parts = { store: old.archive, reader: old.reader, log: { files: old.auditLog, identity: old.identity } };
    if (extent) await writeDown(old.operator, old.archive.name, await archiveMonth(parts, of, extent, () => undefined));
  }
});
afterAll(() => old.close());

/** The pool that removes, with every statement told to `before`, and to `after` once Postgres has answered, which may wait. */
const watched = (
  before: (sql: string) => void,
  after: (sql: string) => Promise<void> | void = () => undefined,
): typeof old.retention =>
  ({
    query: old.retention.query.bind(old.retention),
    connect: async () => {
      const client = await old.retention.connect();
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
      client.query = (async (...args: unknown[]) => {
        const [first] = args as [string | { text: string }];
        const sql = typeof first === 'string' ? first : first.text;
        before(sql);
        return query(...args).finally(() => after(sql));
      }) as typeof client.query;
      const release = client.release.bind(client);
      client.release = (broken) => {
        Object.assign(client, { query, release });
        release(broken);
      };
      return client;
    },
  }) as unknown as typeof old.retention;
const remove = (pool = old.retention): Promise<Removal> =>
  removeExpired(pool, { store: old.archive, identity: old.identity, dryRun: false });
const left = async (): Promise<number> =>
  (await old.projected.database.admin.query('select from billing.event')).rowCount ?? 0;

/** Takes what an append needs, and fails rather than wait. */
const appendAtOnce = async (): Promise<string> => {
  const client = await old.projected.database.admin.connect();
  try {
    await client.query('begin');
    await client.query(`set local lock_timeout = '500ms'`);
    await client.query('select from billing.log_head where shard = $1 for no key update', [shard]);
    return 'appended';
  } catch (error) {
    return String(error);
  } finally {
    await client.query('rollback');
    client.release();
  }
};

describe('a removal', () => {
  it('goes on without streams that one statement is too short for, and says how much stays for that', async () => {
    const { admin } = old.projected.database;
    await admin.query(`create function public.busy() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.05); return old; end $$`);
    await admin.query(
      'create trigger a_busy before delete on billing.event for each row execute function public.busy()',
    );
    const options = { store: old.archive, identity: old.identity };
    const due = await removeExpired(old.retention, { ...options, dryRun: true });
    try {
      const bounds = { togetherMs: 20, aloneMs: 20 };
      const removal = await removeExpired(old.retention, { ...options, dryRun: false, bounds });
      expect(removal).toEqual({ removed: 0, kept: { ...due.kept, slow: due.removed } });
      expect(due.removed).toBeGreaterThan(0);
    } finally {
      await admin.query('drop trigger a_busy on billing.event');
    }
  });

  it('holds no shard between two statements: a machine that falls asleep after one lets every append through', async () => {
    const meanwhile: string[] = [];
    const before = await left();
    const asleep = watched(
      () => undefined,
      async (sql) => {
        if (sql.startsWith('delete from billing.event')) meanwhile.push(await appendAtOnce());
      },
    );
    const streamId = streams[4] ?? '';
    await placeHold(old.operator, { tenantId: old.projected.tenantId, streamId, reason: 'CASE-1' });
    const { removed } = await remove(asleep);
    expect(removed).toBeGreaterThan(0);
    expect(await left()).toBe(before - removed);
    expect(new Set(meanwhile)).toEqual(new Set(['appended']));
  });

  it('does not walk months again of which nothing is left, and skips what is gone in the others', async () => {
    const asked: string[] = [];
    expect(await archivedMonths(old.operator)).toHaveLength(2);
    const { rows } = await old.projected.database.admin.query<{ runs: number; left: number }>(
      `select count(*)::integer as runs, count(*) filter (where exists (
        select from billing.event e where e.shard = a.shard and run @> e.position))::integer as left
      from billing.retention_archive a cross join unnest(a.positions) as run`,
    );
    const [{ runs, left: withSome } = { runs: 0, left: 0 }] = rows;
    expect(runs).toBeGreaterThan(withSome);
    const { removed, kept } = await remove(watched((sql) => void asked.push(sql)));
    expect([removed, kept]).toEqual([0, { held: expect.any(Number) as number }]);
    const about = (what: string) => asked.filter((sql) => sql.includes(what)).length;
    expect([about('unnest(a.positions) as run\n    where a.shard'), about('group by 1, 2')]).toEqual([1, withSome]);
  });
});
