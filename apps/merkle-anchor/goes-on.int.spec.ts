import { setTimeout as sleep } from 'node:timers/promises';

import { QuorumMissing, formatVerifierKey } from '#audit';
import { interleavingPrefix } from '#audit-log';
import { signerOf } from '#audit/testing';
import { jest } from '@jest/globals';
import pg from 'pg';

import { changeLog } from '../../test/database/change-log.js';
import type { MerkleAnchor } from './anchor.js';
import { AuditedLog, longPatienceMs, origin, patienceMs, testSigner } from './testing/audited-log.js';

jest.setTimeout(longPatienceMs);

let log: AuditedLog;
beforeAll(async () => {
  log = await AuditedLog.open();
});
afterAll(() => log.close());

const until = async (isSo: () => boolean | Promise<boolean>, what: () => unknown): Promise<void> => {
  for (const end = Date.now() + patienceMs; !(await isSo()); await sleep(5))
    if (Date.now() > end) throw new Error(JSON.stringify(what()));
};

/** Waits until an anchor has published everything that is there. Throws where it stops. */
const publishedBy = async (anchor: MerkleAnchor): Promise<void> => {
  const events = await log.events();
  await until(
    () => {
      const { standing } = anchor;
      if (standing.state === 'stopped') throw new Error(standing.message);
      return standing.state === 'sealing' && standing.published.size >= events;
    },
    () => anchor.standing,
  );
};

/** The pool of an anchor, with something between it and the queries of it that say `billing.audit_leaf_run`. */
const poolWith = (between: (text: string, run: () => Promise<unknown>) => Promise<unknown>): Pick<pg.Pool, 'query'> => {
  const pool = log.database.pool('billing_merkle_anchor', { max: 4 });
  const query = (...given: unknown[]): unknown => {
    const [first] = given as [string | { text: string }];
    const text = typeof first === 'string' ? first : first.text;
    const run = () => Promise.resolve(pool.query(...(given as Parameters<typeof pool.query>)));
    return text.includes('billing.audit_leaf_run') ? between(text, run) : run();
  };
  return { query } as unknown as pg.Pool;
};

it('the first start of all seals, too, while too few witnesses can be had for a checkpoint', async () => {
  await log.append(2);
  const away = new QuorumMissing([], 1);
  const anchor = log.anchor({ witnesses: { cosign: () => Promise.reject(away) } });
  const steps = () => log.store().list(interleavingPrefix, { limit: 10 });
  await until(
    async () => (await steps()).length > 0 && anchor.failures > 0,
    () => anchor.standing,
  );
  expect(anchor.standing.state).toBe('starting');
  expect(await log.store().read('checkpoint')).toBeUndefined();
  await log.stop(anchor);
  await log.sealAll();
  expect((await log.verify()).checkpoint.size).toBe(4);
});

it('keys that a writer of before has put in the place of ours do not stay there', async () => {
  const anchor = log.anchor({ healMs: 20 });
  await publishedBy(anchor);
  await log.store().replace('vkey', Buffer.from(`${formatVerifierKey(signerOf(origin, 8).key)}\n`));
  const ours = `${formatVerifierKey(testSigner.key)}\n`;
  const there = async () => Buffer.from((await log.store().read('vkey')) ?? []).toString();
  await until(
    async () => (await there()) === ours,
    () => anchor.standing,
  );
  await log.stop(anchor);
});

it('an older checkpoint that a writer of before has put back does not stay there while no witness can be had', async () => {
  let isAway = false;
  const cosign = (note: string) => (isAway ? Promise.reject(new QuorumMissing([], 1)) : Promise.resolve(note));
  const anchor = log.anchor({ healMs: 20, witnesses: { cosign } });
  const there = async () => Buffer.from((await log.store().read('checkpoint')) ?? []).toString();
  await publishedBy(anchor);
  const older = await there();
  await log.append(1);
  await publishedBy(anchor);
  const newest = await there();
  isAway = true;
  await log.append(1);
  await until(
    () => anchor.failures > 0,
    () => anchor.standing,
  );
  await log.store().replace('checkpoint', Buffer.from(older));
  await until(
    async () => (await there()) === newest,
    () => anchor.standing,
  );
  isAway = false;
  await log.stop(anchor);
  await log.sealAll();
});

it('a checkpoint of a key that was retired since is gone on from, where an older one was put back', async () => {
  const next = signerOf(origin, 8);
  const changes = { anchors: [], identity: () => Promise.resolve({ origin, keys: [next.key, testSigner.key] }) };
  for (const signer of [next, testSigner]) {
    const anchor = log.anchor({ ...changes, signers: { current: () => Promise.resolve([signer]) } });
    await log.append(1);
    await publishedBy(anchor);
    await log.stop(anchor);
  }
});

it('an anchor that wakes up while its successor looks at Postgres, and writes down what it had published, does not stop that one', async () => {
  const atInsert = Promise.withResolvers<undefined>();
  const awake = Promise.withResolvers<undefined>();
  const inserted = Promise.withResolvers<undefined>();
  const zombie = log.anchor({
    pool: poolWith(async (text, run) => {
      if (!text.startsWith('insert')) return run();
      atInsert.resolve(undefined);
      await awake.promise;
      return run().finally(() => {
        inserted.resolve(undefined);
      });
    }),
    leaseMs: 60_000, // by its own clock the lease still lasts: the worst case
  });
  await log.append(4);
  await atInsert.promise;
  await log.endLease();
  await log.append(1);
  let looks = 0;
  const successor = log.anchor({
    pool: poolWith(async (text, run) => {
      const result = await run();
      if (text.startsWith('insert') || (looks += 1) > 1) return result;
      awake.resolve(undefined);
      await inserted.promise;
      return result;
    }),
  });
  await publishedBy(successor);
  expect(looks).toBeGreaterThanOrEqual(1);
  await log.stop(zombie);
  await log.stop(successor);
  await log.endLease();
  await log.sealAll();
  expect((await log.verify()).checkpoint.size).toBe(await log.events());
});

it('events that retention has removed are missed by no anchor, neither the one that runs nor the next', async () => {
  const { admin, adminUrl } = log.database;
  const before = await log.events();
  await log.append(5);
  // As old before they are sealed: when they were recorded is sealed with them.
  await changeLog(
    admin,
    `update billing.event set recorded_at = now() - interval '8 years' where position > $1 and position < $1 + 5`,
    [before / 2],
  );
  const running = log.anchor();
  await publishedBy(running);
  await log.placed();
  await admin.query(
    `insert into billing.checkpoint (consumer, shard, position) select 'projector:read-models', shard, position from billing.log_head where position > 0`,
  );
  await admin.query(
    `insert into billing.retention_archive (shard, month, event_count, positions, store, manifest, manifest_sha256, tree_size)
    select shard, date_trunc('month', min(recorded_at) at time zone 'UTC'), count(*), range_agg(int8range(position, position, '[]')),
      'a store', 'manifest.json', sha256('x'), count(*)
    from billing.event where recorded_at < now() - interval '7 years' group by shard`,
  );
  const retention = new pg.Client({ connectionString: adminUrl, options: '-c role=billing_retention' });
  await retention.connect();
  const { rowCount } = await retention.query(
    `delete from billing.event where recorded_at < now() - interval '7 years'`,
  );
  await retention.end();
  expect(rowCount).toBe(8);
  await log.append(1);
  await publishedBy(running);
  await log.stop(running);
  await log.append(1);
  expect((await log.sealAll()).size).toBe(before + 14);
  expect((await log.verify()).shards.get(3)).toBe(before / 2 + 7);
});
