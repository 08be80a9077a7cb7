import { cp, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { jest } from '@jest/globals';

import { changeLog } from '../../test/database/change-log.js';
import type { Standing } from './anchor.js';
import { AuditedLog, longPatienceMs, patienceMs } from './testing/audited-log.js';
import type { Backup } from './testing/backup.js';
import { backUp } from './testing/backup.js';

jest.setTimeout(longPatienceMs);

/** Fifty checkpoints a second: what is waited for here is a checkpoint, or that there is none. */
const checkpointMs = 20;

let log: AuditedLog;
let backup: Backup | undefined;
beforeEach(async () => {
  log = await AuditedLog.open();
});
afterEach(async () => {
  await log.close();
  await backup?.drop();
  backup = undefined;
});

/** Runs an anchor until it stops, and requires that it signed nothing and left the published log as it was. */
const stops = async (work: () => Promise<void> = () => Promise.resolve()): Promise<Standing> => {
  const anchor = log.anchor({ checkpointMs });
  await work();
  const before = await log.anchored();
  for (const until = Date.now() + patienceMs; anchor.standing.state !== 'stopped'; await sleep(5))
    if (Date.now() > until) throw new Error(`it is ${anchor.standing.state}, and has not stopped`);
  await log.append(1);
  await sleep(250); // time for a dozen checkpoints, also of a machine that is busy
  expect(await log.anchored()).toEqual(before);
  const { standing } = anchor;
  await log.stop(anchor);
  return standing;
};

it('a database that was restored from an older backup lacks events that are sealed, and then has others in their place: nothing is signed', async () => {
  await log.append(5);
  await log.sealAll({ checkpointMs });
  backup = await backUp(log.database);
  await log.append(4);
  await log.sealAll({ checkpointMs });
  await backup.restore();
  expect(await stops()).toMatchObject({ state: 'stopped', reason: 'events_missing' });
  await log.append(6);
  const standing = await stops();
  expect(standing).toMatchObject({ state: 'stopped', reason: 'event_changed' });
  expect(JSON.stringify(standing)).toContain('position 9 of shard 3');
  // Nor after a restart, which finds the same.
  expect(await stops()).toMatchObject({ reason: 'event_changed' });
});

it('a database that is restored while the anchor runs is found out before the next signature', async () => {
  await log.append(5);
  await log.sealAll({ checkpointMs });
  const old = (backup = await backUp(log.database));
  await log.append(4);
  const standing = await stops(async () => {
    await log.published(await log.events());
    await old.restore();
    await log.append(6);
  });
  expect(['events_missing', 'event_changed']).toContain(standing.state === 'stopped' ? standing.reason : '');
});

it('an event that was changed after it was sealed, the last of its shard, stops the next signature', async () => {
  await log.append(2);
  await log.sealAll({ checkpointMs });
  await changeLog(
    log.database.admin,
    `update billing.event set data = replace(data, 'quoted', 'forged') where shard = 3 and position = 2`,
  );
  expect(await stops()).toMatchObject({ reason: 'event_changed' });
});

it('a store that was rolled back is no extension of what the anchors keep, nor of what Postgres knows, and one that was emptied is not begun again', async () => {
  await log.append(5);
  await log.sealAll({ checkpointMs });
  await cp(log.storePath, `${log.storePath}.old`, { recursive: true });
  await log.append(4);
  await log.sealAll({ checkpointMs });
  await rm(log.storePath, { recursive: true });
  await cp(`${log.storePath}.old`, log.storePath, { recursive: true });
  expect(await stops()).toMatchObject({ reason: 'not_an_extension' });
  await rm(log.storePath, { recursive: true });
  expect(await stops()).toMatchObject({ reason: 'not_an_extension' });
});

// Together with the database the store agrees with itself; what was anchored outside of both tells.
it('a store and a database that were rolled back together are no extension of what the anchors keep', async () => {
  await log.append(5);
  await log.sealAll({ checkpointMs });
  backup = await backUp(log.database);
  await cp(log.storePath, `${log.storePath}.old`, { recursive: true });
  await log.append(4);
  await log.sealAll({ checkpointMs });
  await rm(log.storePath, { recursive: true });
  await cp(`${log.storePath}.old`, log.storePath, { recursive: true });
  await backup.restore();
  const standing = await stops();
  expect(standing).toMatchObject({ reason: 'not_an_extension' });
  expect(JSON.stringify(standing)).toContain('it has 18 leaves, and the log has 10');
});
