import { randomUUID } from 'node:crypto';

import { createLogger } from '#platform/logging';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { Presence } from '../calls/presence.js';
import type { Finding, Run } from './run.js';
import { RunLost, RunStore } from './run-store.js';

let database: TestDatabase;
const presences: Presence[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const presence of presences.splice(0)) presence.close();
  await database.drop();
});

const now = new Date('2026-11-21T12:00:00Z');
const after = (minutes: number): Date => new Date(now.getTime() + minutes * 60_000);
const window = { from: new Date('2026-11-14T12:00:00Z'), to: now };

/** What a gateway sees of the runs: one that lives, which its lock shows. */
const gateway = async (): Promise<{ store: RunStore; die: () => void }> => {
  const pool = database.pool('billing_gateway', { max: 3 });
  const presence = new Presence(pool, createLogger({ app: 'test', level: 'silent' }));
  presences.push(presence);
  await presence.releaseOrphans(now, { callIds: [], leaseMs: 60_000 });
  return {
    store: new RunStore(pool, presence.owner),
    die: () => {
      presence.close();
    },
  };
};

const ask = async (): Promise<string> => {
  const { rows } = await database.admin.query<{ run_id: string }>(
    `insert into billing.reconciliation_run (run_id, asked_by, window_from, window_to, not_before, requested_at)
     values (gen_random_uuid(), 'operator', $1, $2, $2, $2) returning run_id`,
    [window.from, window.to],
  );
  return String(rows[0]?.run_id);
};

const taken = async (store: RunStore, at = now): Promise<Run> => {
  const run = await store.take(at, new Date(at.getTime() + 60_000));
  if (!run) throw new Error('no run is due');
  return run;
};

const place = { pass: 2, step: 3, within: 'here', stepsDone: 5, stepsTotal: 9, compared: 7 };

it('a run is one gateway’s own while that lives, and the next one goes on where the dead one was', async () => {
  const runId = await ask();
  const [first, second] = [await gateway(), await gateway()];
  const run = await taken(first.store);
  expect(run).toMatchObject({ runId, window, place: { pass: 0, step: 0 } });
  await first.store.advance(run, place, after(1));
  expect(await second.store.take(now, after(1))).toBeUndefined();
  first.die();
  const deadline = Date.now() + 5_000;
  let heir = await second.store.take(now, after(1));
  while (!heir && Date.now() < deadline) heir = await second.store.take(now, after(1));
  expect(heir).toMatchObject({ runId, place: { pass: 2, step: 3, within: 'here' }, takes: 2 });
});

it('whoever was overtaken says nothing about the run any more', async () => {
  await ask();
  const [first, second] = [await gateway(), await gateway()];
  const run = await taken(first.store);
  const heir = await taken(second.store, after(2)); // it lives, and its time is over
  await expect(first.store.advance(run, place, after(3))).rejects.toThrow(RunLost);
  await expect(first.store.finish(run, 'done', after(3))).rejects.toThrow(RunLost);
  await expect(first.store.postpone(run, after(3), 'late')).rejects.toThrow(RunLost);
  await second.store.finish(heir, 'done', after(3));
});

it('one run is under way at a time, however many are asked for, by however many gateways', async () => {
  for (let count = 0; count < 4; count += 1) await ask();
  const gateways = await Promise.all([gateway(), gateway(), gateway()]);
  const took = await Promise.all(gateways.map(({ store }) => store.take(now, after(1))));
  expect(took.filter(Boolean)).toHaveLength(1);
});

it('the turn of a schedule is asked for once, and not while a run is wanted', async () => {
  const [first, second] = [await gateway(), await gateway()];
  const turn = new Date('2026-11-21T00:00:00Z');
  const asked = await Promise.all([first, second].map(({ store }) => store.schedule(turn, window)));
  expect(asked.filter(Boolean)).toHaveLength(1);
  expect(await first.store.schedule(new Date('2026-11-22T00:00:00Z'), window)).toBe(false);
  const run = await taken(first.store);
  await first.store.finish(run, 'done', after(1));
  expect(await second.store.schedule(turn, window)).toBe(false);
  expect(await second.store.last()).toMatchObject({ done: { windowTo: now, drift: 0 } });
});

const findings = (count: number, from = 0): Finding[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ outcome: 'drift', finding: 'missing_here', object: 'payment', aspect: 'no_tenant', tenantId: undefined },
    processorId: `pi_${from + at}`,
  }));

it('a finding is kept once, however often it is found; of very many the rest is counted', async () => {
  const { store } = await gateway();
  const runId = await ask();
  const run = await taken(store);
  const count = async () => {
    const { rows } = await database.admin.query<{ kept: number; drift: string }>(
      `select r.drift, (select count(*)::integer from billing.reconciliation_finding f where f.run_id = r.run_id) as kept
       from billing.reconciliation_run r where run_id = $1`,
      [runId],
    );
    return rows[0];
  };
  await store.found(run, findings(3), now);
  await store.found(run, findings(3), now);
  expect(await count()).toEqual({ kept: 3, drift: '3' });
  await store.found(run, findings(9_997, 3), now);
  await store.found(run, findings(500, 10_000), now);
  expect(await count()).toEqual({ kept: 10_000, drift: '10500' });
});

it('what is found is kept and counted in one go: a gateway that dies after any statement leaves a report that adds up', async () => {
  await ask();
  const run = await taken((await gateway()).store);
  const pool = database.pool('billing_gateway', { max: 1 });
  const query = pool.query.bind(pool) as (...asked: unknown[]) => unknown;
  let statements = 0;
  const dying = Object.assign(pool, {
    query: (...asked: unknown[]) => ((statements += 1) === 1 ? query(...asked) : new Promise(() => undefined)),
  });
  void new RunStore(dying, 1).found(run, findings(3), now);
  const adding = async () => {
    const { rows } = await database.admin.query<{ kept: number; counted: number }>(
      `select (select count(*)::integer from billing.reconciliation_finding) as kept, r.drift::integer as counted
       from billing.reconciliation_run r`,
    );
    return rows[0];
  };
  const deadline = Date.now() + 5_000;
  while ((await adding())?.kept === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(await adding()).toEqual({ kept: 3, counted: 3 });
});

it('what is older than 90 days is removed with its findings', async () => {
  const { store } = await gateway();
  await ask();
  const run = await taken(store);
  await store.found(run, [...findings(2), { ...(findings(1)[0] as Finding), tenantId: randomUUID() }], now);
  await store.finish(run, 'done', now);
  await store.purge(new Date('2027-02-18T12:00:00Z'));
  expect(await store.last()).toHaveProperty('done');
  await store.purge(new Date('2027-02-20T12:00:00Z'));
  expect(await store.last()).toEqual({});
  expect((await database.admin.query('select from billing.reconciliation_finding')).rowCount).toBe(0);
});
