import { changeLog } from '../../../test/database/change-log.js';
import {
  abortRebuild,
  readModelNames,
  RebuildFailed,
  RebuildOutdated,
  rebuildReadModels,
  RebuildRunning,
  UnknownReadModel,
  verifyReadModels,
} from '../index.js';
import type { Projected } from '../testing/projected.js';
import { openProjected, someMoney } from '../testing/projected.js';

let projected: Projected;
beforeEach(async () => {
  projected = await openProjected();
  await projected.writer.write(someMoney(projected.tenantId, 40));
  await projected.project();
});
afterEach(() => projected.close());

const query = async <T extends object>(sql: string): Promise<T[]> =>
  (await projected.database.admin.query<T>(sql)).rows;
const digests = async (): Promise<Record<string, string>> =>
  Object.fromEntries((await verifyReadModels(projected.pools.projector)).map(({ model, digest }) => [model, digest]));
const expectEqualToLog = async (): Promise<void> => {
  for (const { model, differences } of await verifyReadModels(projected.pools.projector)) {
    expect([model, differences]).toEqual([model, []]);
  }
};
const leftovers = async (): Promise<unknown[]> => [
  ...(await query(`select relname from pg_class where relname like 'rm\\_%\\_rebuild%'`)),
  ...(await query(`select consumer from billing.checkpoint where consumer like '%rebuild%'`)),
  ...(await query('select * from billing.rebuild_aside')),
];

/** Everything the catalogue knows of the read models' tables, but their identity. */
const catalogue = (): Promise<unknown[]> =>
  query(`select c.relname, c.relkind, c.reloptions, c.relowner::regrole::text as owner, c.relrowsecurity, c.relforcerowsecurity,
      (select array_agg(a::text order by a::text) from unnest(c.relacl) a) as grants,
      (select json_agg(json_build_array(attname, atttypid::regtype::text, attnotnull) order by attnum) from pg_attribute
        where attrelid = c.oid and attnum > 0) as columns,
      (select json_agg(json_build_array(conname, pg_get_constraintdef(oid)) order by conname) from pg_constraint where conrelid = c.oid) as constraints,
      (select json_agg(pg_get_indexdef(indexrelid) order by 1) from (select indexrelid from pg_index where indrelid = c.oid order by indexrelid::regclass::text) i) as indexes,
      (select json_agg(json_build_array(polname, polcmd, polpermissive, polroles::regrole[]::text,
        pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) order by polname) from pg_policy where polrelid = c.oid) as policies
    from pg_class c where c.relnamespace = 'billing'::regnamespace and c.relname like 'rm\\_%' order by 1`);

describe('a rebuild', () => {
  it('of all read models leaves the same rows and the same tables, to the last name and grant, again and again', async () => {
    const [tables, before] = [await catalogue(), await digests()];
    for (let time = 0; time < 2; time += 1) {
      const compared = await rebuildReadModels(projected.pools);
      expect(compared.map(({ model, differing }) => [model, differing])).toEqual(
        readModelNames.map((name) => [name, 0]),
      );
      expect(await catalogue()).toEqual(tables);
      expect(await digests()).toEqual(before);
      expect(await leftovers()).toEqual([]);
    }
  }, 60_000);

  it('tells what was wrong with the live rows, and puts it right', async () => {
    const before = await digests();
    await query(
      `update billing.rm_payment set status = 'failed' where payment_id = (select min(payment_id::text)::uuid from billing.rm_payment)`,
    );
    await query('delete from billing.rm_refund');
    await query(`update billing.rm_balance set amount = amount + 1 where account = 'tenant_payable'`);
    expect((await digests()).payments).not.toBe(before.payments);

    const compared = await rebuildReadModels(projected.pools, { names: ['payments', 'refunds', 'balances'] });
    expect(Object.fromEntries(compared.map(({ model, differing }) => [model, differing]))).toEqual({
      payments: 1,
      refunds: 14,
      balances: 2,
    });
    expect(compared[0]?.differences).toEqual([expect.stringMatching(/^rm_payment .* differs$/)]);
    expect(await digests()).toEqual(before);
    await expectEqualToLog();
  }, 60_000);

  it('that only compares changes nothing, and is swapped later', async () => {
    await query(`update billing.rm_customer set version = 9`);
    await query('delete from billing.rm_settlement');
    const [compared] = await rebuildReadModels(projected.pools, { names: ['balances'], swap: false });
    expect(compared?.differing).toBeGreaterThan(0);
    expect(await query('select from billing.rm_settlement')).toEqual([]);
    await projected.writer.write(someMoney(projected.tenantId, 10));
    await projected.project();
    const resumed: unknown[] = [];
    const onResumed = (model: string, events: number) => resumed.push([model, events]);
    await rebuildReadModels(projected.pools, { names: ['balances'], onResumed });
    expect(resumed).toEqual([['balances', 188]]);
    await expectEqualToLog();
  }, 60_000);

  it('that broke off goes on where it was', async () => {
    const breakOff = () => {
      throw new Error('killed');
    };
    await expect(rebuildReadModels(projected.pools, { names: ['payments'], onProgress: breakOff })).rejects.toThrow(
      'killed',
    );
    expect(await leftovers()).not.toEqual([]);
    const before = await digests();
    await rebuildReadModels(projected.pools, { names: ['payments', 'refunds'] });
    expect(await digests()).toEqual(before);
    expect(await leftovers()).toEqual([]);
  }, 60_000);

  it('is refused while another one of the same read model runs, and so is dropping it', async () => {
    let second: Promise<unknown> | undefined;
    let abort: Promise<unknown> | undefined;
    await rebuildReadModels(projected.pools, {
      names: ['payments', 'refunds'],
      onStep: (step) => {
        if (step !== 'indexing') return;
        second = rebuildReadModels(projected.pools, { names: ['balances', 'refunds'] }).catch(
          (error: unknown) => error,
        );
        abort = abortRebuild(projected.pools.owner, ['payments']).catch((error: unknown) => error);
      },
    });
    expect(await second).toBeInstanceOf(RebuildRunning);
    expect(await abort).toBeInstanceOf(RebuildRunning);
    await expectEqualToLog();
  }, 60_000);

  it('can be dropped', async () => {
    await rebuildReadModels(projected.pools, { names: ['payments', 'balances'], swap: false });
    expect(await abortRebuild(projected.pools.owner)).toEqual(['payments', 'balances']);
    expect(await leftovers()).toEqual([]);
    expect(await abortRebuild(projected.pools.owner)).toEqual([]);
  }, 60_000);

  it('fills a column that a migration has added, but does not go on with a table from before it', async () => {
    await rebuildReadModels(projected.pools, { names: ['payments'], swap: false });
    await query('alter table billing.rm_payment add column note text');
    await expect(rebuildReadModels(projected.pools, { names: ['payments'] })).rejects.toThrow(RebuildOutdated);
    await abortRebuild(projected.pools.owner, ['payments']);
    await rebuildReadModels(projected.pools, { names: ['payments'] });
    expect(
      await query(`select from pg_attribute where attrelid = 'billing.rm_payment'::regclass and attname = 'note'`),
    ).toHaveLength(1);
    await expectEqualToLog();
  }, 60_000);

  it('that cannot fold an event says where, and leaves the live read models alone', async () => {
    await changeLog(projected.database.admin, 'update billing.event set schema_version = 99 where position = 7');
    const failed = await rebuildReadModels(projected.pools).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(RebuildFailed);
    expect(String(failed)).toMatch(/positions 1 to 188 of shard \d+: .*v99 is not known/);
    expect(await query('select from billing.rm_payment')).toHaveLength(40);
    await changeLog(projected.database.admin, 'update billing.event set schema_version = 1 where position = 7');
    await rebuildReadModels(projected.pools);
    await expectEqualToLog();
  }, 60_000);

  it('needs the name of a read model', async () => {
    await expect(rebuildReadModels(projected.pools, { names: ['ledger'] })).rejects.toThrow(UnknownReadModel);
    await expect(verifyReadModels(projected.pools.projector, { names: ['ledger'] })).rejects.toThrow(
      'there are customers',
    );
  }, 60_000);
});
