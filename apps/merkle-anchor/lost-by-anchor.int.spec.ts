import { cp, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { DirectoryStore } from '#object-store';
import { jest } from '@jest/globals';

import { ObjectStoreAnchor } from './anchors/index.js';
import { AuditedLog, longPatienceMs, patienceMs } from './testing/audited-log.js';

jest.setTimeout(longPatienceMs);

const checkpointMs = 20;

let log: AuditedLog;
beforeAll(async () => {
  log = await AuditedLog.open();
});
afterAll(() => log.close());

/** An anchor of the log's own, that notes the sizes that it is told are lost. */
const watched = (lost: number[]) => ({
  checkpointMs,
  anchors: [new ObjectStoreAnchor(new DirectoryStore(log.anchorPath), { lost: (size) => lost.push(size) })],
});
const older = (): string => `${log.anchorPath}.older`;
const setAside = (): Promise<void> => cp(log.anchorPath, older(), { recursive: true });
const rollBack = async (): Promise<void> => {
  await rm(log.anchorPath, { recursive: true });
  await cp(older(), log.anchorPath, { recursive: true });
};

it('an anchor that was rolled back while nobody ran is told at the start, and stops nothing: the log extends what it has', async () => {
  await log.append(2);
  await log.sealAll({ checkpointMs });
  await setAside();
  await log.append(2);
  const { size } = await log.sealAll({ checkpointMs });
  await rollBack();
  const lost: number[] = [];
  await log.append(1);
  await log.sealAll(watched(lost));
  expect(lost).toEqual([size]);
  expect((await log.verify()).checkpoint.size).toBe(await log.events());
});

it('so is one that was emptied; one that has what was published is not', async () => {
  const { size } = await log.checkpoint();
  const none: number[] = [];
  await log.sealAll(watched(none));
  expect(none).toEqual([]);
  await rm(log.anchorPath, { recursive: true });
  const lost: number[] = [];
  await log.append(1);
  await log.sealAll(watched(lost));
  expect(lost).toEqual([size]);
});

it('an anchor that is rolled back under a running process is told, also where newer checkpoints are kept there since', async () => {
  await setAside();
  const lost: number[] = [];
  const anchor = log.anchor({ ...watched(lost), lookBackMs: 300 });
  const sizes: number[] = [];
  const grow = async (): Promise<void> => {
    await log.append(1);
    await log.published(await log.events());
    sizes.push((await log.checkpoint()).size);
  };
  await grow();
  await sleep(350); // the look that takes it for the one to look for
  await grow();
  await rollBack();
  for (const until = Date.now() + patienceMs; lost.length === 0; await grow())
    if (Date.now() > until) throw new Error('nothing was told');
  expect(sizes).toContain(lost[0]);
  expect(anchor.standing.state).toBe('sealing');
  await log.stop(anchor);
});

it('an anchor that cannot be asked while it runs is asked again, and stops nothing', async () => {
  const [kept] = watched([]).anchors;
  let asked = 0;
  const lookFor = (size: number): Promise<void> => {
    asked += 1;
    return asked === 2 ? Promise.reject(new Error('away')) : (kept as ObjectStoreAnchor).lookFor(size);
  };
  const around = {
    name: 'a place',
    lookFor,
    newest: () => (kept as ObjectStoreAnchor).newest(),
    keep: (...given: Parameters<ObjectStoreAnchor['keep']>) => (kept as ObjectStoreAnchor).keep(...given),
  };
  const anchor = log.anchor({ checkpointMs, anchors: [around], lookBackMs: 20 });
  for (const until = Date.now() + patienceMs; asked < 4; await sleep(5))
    if (Date.now() > until) throw new Error('it was not asked again');
  expect(anchor.failures).toBe(0);
  await log.append(1);
  await log.published(await log.events());
  await log.stop(anchor);
});
