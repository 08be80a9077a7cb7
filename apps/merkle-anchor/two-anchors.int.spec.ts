import { setTimeout as sleep } from 'node:timers/promises';

import { DirectoryStore, type ObjectStore } from '#object-store';
import { jest } from '@jest/globals';

import { ObjectStoreAnchor } from './anchors/index.js';
import { AuditedLog, longPatienceMs } from './testing/audited-log.js';

jest.setTimeout(longPatienceMs);

/** Fifty checkpoints a second: nearly all of a test's time would else be the pause between two. */
const checkpointMs = 20;
const rounds = Number(process.env.AUDIT_ROUNDS ?? '12');

let log: AuditedLog;
/** Those that sleep, so that a test that fails does not wait for them. */
const sleepers: (() => void)[] = [];
beforeEach(async () => {
  log = await AuditedLog.open();
});
afterEach(async () => {
  for (const wake of sleepers.splice(0)) wake();
  await log.close();
});

/** Stops at its `at`-th write until it is let go: a process that the machine has put to sleep. */
const sleeper = (at: number) => {
  let writes = 0;
  let isAsleep = false;
  let wake = (): void => undefined;
  const awake = new Promise<void>((resolve) => (wake = resolve));
  sleepers.push(wake);
  let fall = (): void => undefined;
  const asleep = new Promise<void>((resolve) => (fall = resolve));
  const write = async <T>(work: () => Promise<T>): Promise<T> => {
    writes += 1;
    if (writes === at) {
      isAsleep = true;
      fall();
      await awake;
    }
    return work();
  };
  const around = (store: ObjectStore): ObjectStore => ({
    name: store.name,
    read: (path) => store.read(path),
    list: (prefix, options) => store.list(prefix, options),
    create: (path, bytes) => write(() => store.create(path, bytes)),
    replace: (path, bytes) => write(() => store.replace(path, bytes)),
  });
  return { around, asleep, wake, isAsleep: () => isAsleep };
};

it('two anchors that take the lease from each other under load make one tree', async () => {
  const options = { leaseMs: 400, renewMs: 30, checkpointMs };
  const anchors = [log.anchor(options), log.anchor(options)];
  for (let round = 0; round < rounds; round += 1) {
    await log.append(20);
    await log.endLease();
    await sleep(15);
  }
  await log.published(await log.events());
  for (const anchor of anchors) await log.stop(anchor);
  await log.sealAll({ checkpointMs });
  const { checkpoint } = await log.verify();
  expect(checkpoint.size).toBe(rounds * 40);
});

it('an anchor that stands by takes over from one that gives the lease back', async () => {
  const first = log.anchor();
  await log.published(0);
  const second = log.anchor();
  while (second.standing.state === 'starting') await sleep(5);
  expect([first.standing.state, second.standing.state]).toEqual(['sealing', 'standby']);
  await log.stop(first);
  await log.append(1);
  await log.published(2);
  while (second.standing.state === 'sealing' && second.standing.published.size < 2) await sleep(5);
  expect(second.standing).toMatchObject({ state: 'sealing', size: 2 });
  await log.stop(second);
});

/** Runs an anchor of these writes, whose own clock says for a minute that the lease is its own, whatever becomes of it: the worst case. */
const anchorThatBelieves = ({ around }: ReturnType<typeof sleeper>) =>
  log.anchor({
    around,
    anchors: [new ObjectStoreAnchor(around(new DirectoryStore(log.anchorPath)))],
    ...{ leaseMs: 60_000, renewMs: 60_000, checkpointMs },
  });

it('an anchor that sleeps through the end of its lease, before any of its writes, changes nothing when it wakes up', async () => {
  await log.sealAll({ checkpointMs });
  let writes = 0;
  for (let slept = true; slept; writes += slept ? 1 : 0) {
    const sleeping = sleeper(writes + 1);
    const zombie = anchorThatBelieves(sleeping);
    await log.append(130); // more than a tile
    await Promise.race([sleeping.asleep, log.published(await log.events())]);
    slept = sleeping.isAsleep();
    await log.endLease();
    await log.append(3);
    const other = log.anchor({ checkpointMs });
    await log.published(await log.events());
    sleeping.wake();
    await log.append(1); // both seal it, each in the belief that nobody else does
    await log.published(await log.events());
    expect([zombie.standing.state, other.standing.state]).not.toContain('stopped');
    await log.stop(zombie);
    await log.stop(other);
    await log.endLease();
    await log.sealAll({ checkpointMs });
    expect((await log.verify()).checkpoint.size).toBe(await log.events());
  }
  // The keys, the record, the tiles, the anchor, the checkpoint.
  expect(writes).toBeGreaterThanOrEqual(6);
});
