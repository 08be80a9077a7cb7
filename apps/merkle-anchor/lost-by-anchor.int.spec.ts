import { cp, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { DirectoryStore } from '#object-store';
import { jest } from '@jest/globals';

import { ObjectStoreAnchor } from './anchors/index.js';
import { AuditedLog, longPatienceMs, patienceMs } from './testing/audited-log.js';
import { SilentObserver } from './testing/silent-observer.js';

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
/** At once: who looks meanwhile finds the one or the other. */
const rollBack = async (): Promise<void> => {
  const [back, gone] = [`${log.anchorPath}.back`, `${log.anchorPath}.gone`];
  await cp(older(), back, { recursive: true });
  await rename(log.anchorPath, gone);
  await rename(back, log.anchorPath);
  await rm(gone, { recursive: true });
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
  const { size } = await log.checkpoint();
  const lost: number[] = [];
  const anchor = log.anchor({ ...watched(lost), lookBackMs: 300 });
  const grow = async (): Promise<void> => {
    await log.append(1);
    await log.published(await log.events());
  };
  await grow();
  await sleep(350); // the look that takes it for the one to look for
  await grow();
  const { size: newest } = await log.checkpoint();
  await rollBack();
  for (const until = Date.now() + patienceMs; lost.length === 0; await grow())
    if (Date.now() > until) throw new Error('nothing was told');
  expect(lost[0]).toBeGreaterThan(size);
  expect(lost[0]).toBeLessThanOrEqual(newest);
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

it('an anchor that does not answer whether it still has a checkpoint holds nothing up, is not asked twice at once, and the others are asked', async () => {
  const [kept, other] = [watched([]).anchors[0], new ObjectStoreAnchor(new DirectoryStore(`${log.anchorPath}.other`))];
  let [asked, askedOther] = [0, 0];
  const around = {
    name: 'a place',
    lookFor: () => {
      asked += 1;
      return asked === 1 ? Promise.resolve() : new Promise<void>(() => undefined);
    },
    newest: () => (kept as ObjectStoreAnchor).newest(),
    keep: (...given: Parameters<ObjectStoreAnchor['keep']>) => (kept as ObjectStoreAnchor).keep(...given),
  };
  const others = {
    name: 'another place',
    lookFor: (size: number) => {
      askedOther += 1;
      return other.lookFor(size);
    },
    newest: () => other.newest(),
    keep: (...given: Parameters<ObjectStoreAnchor['keep']>) => other.keep(...given),
  };
  const observer = new SilentObserver();
  const anchor = log.anchor({ checkpointMs, anchors: [around, others], lookBackMs: 20, observer });
  for (const until = Date.now() + patienceMs; asked < 2; await sleep(5))
    if (Date.now() > until) throw new Error('it was not asked');
  await log.append(1);
  await log.published(await log.events());
  for (const until = Date.now() + patienceMs; observer.warnings.length === 0 || askedOther < 5; await sleep(5))
    if (Date.now() > until) throw new Error('nobody was told');
  expect(observer.warnings[0]).toContain('has not answered');
  expect(asked).toBe(2);
  await log.stop(anchor);
});
