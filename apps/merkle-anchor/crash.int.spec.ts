import { DirectoryStore } from '#object-store';
import { jest } from '@jest/globals';

import { ObjectStoreAnchor } from './anchors/index.js';
import { AuditedLog, longPatienceMs } from './testing/audited-log.js';
import { Mortality, mortalPool, mortalStore } from './testing/mortality.js';

jest.setTimeout(longPatienceMs);

/** Each write of a checkpoint's making, and more: a run that outlives its last one ends the search. */
const mostWrites = 40;
const isLong = process.env.AUDIT_KILLS === 'all';

let log: AuditedLog;
beforeEach(async () => {
  log = await AuditedLog.open();
});
afterEach(() => log.close());

/** Runs an anchor that dies at a write, or publishes all there is. Gives whether it died. */
const runUntil = async (life: Mortality): Promise<boolean> => {
  const anchor = log.anchor({
    pool: mortalPool(log.database.pool('billing_merkle_anchor', { max: 4 }), life),
    around: (store) => mortalStore(store, life),
    anchors: [new ObjectStoreAnchor(mortalStore(new DirectoryStore(log.anchorPath), life))],
  });
  const published = (async () => {
    await log.published(await log.events());
    await log.placed();
  })();
  published.catch(() => undefined);
  await Promise.race([life.death, published]);
  const { isDead } = life;
  life.kill();
  await log.stop(anchor);
  return isDead;
};

/** Lets a new process go on once the lease of the dead one has run out, and holds the log against everything that was ever anchored. */
const recover = async (): Promise<void> => {
  await log.endLease();
  await log.sealAll();
  const { shards, checkpoint } = await log.verify();
  expect(checkpoint.size).toBe(await log.events());
  expect([...shards.values()].reduce((sum, last) => sum + last, 0)).toBe(checkpoint.size);
};

const cases = isLong ? (['before', 'after'] as const) : (['alternately'] as const);

it.each(cases)(
  'a process that is killed between any two writes leaves a log that goes on, without a fork or a lost or doubled leaf (%s)',
  async (mode) => {
    let died = 0;
    for (let at = 1; at <= mostWrites; at += 1) {
      const when = mode === 'alternately' ? (at % 2 === 0 ? 'before' : 'after') : mode;
      await log.append(140); // more than a tile
      const isDead = await runUntil(new Mortality(at, when));
      if (!isDead) break;
      died += 1;
      await recover();
    }
    // The record, tiles, the keys, the anchor, the checkpoint, the runs.
    expect(died).toBeGreaterThanOrEqual(8);
    expect(died).toBeLessThan(mostWrites);
  },
);

it('a first start that is killed at any of its writes is begun again', async () => {
  for (let at = 1; at <= 4; at += 1) {
    await runUntil(new Mortality(at, at % 2 === 0 ? 'before' : 'after'));
    await log.endLease();
  }
  await log.sealAll();
  await log.append(1);
  await log.sealAll();
  await log.verify();
});
