import { setTimeout as sleep } from 'node:timers/promises';

import { boundedLog, interleavingPath } from '#audit-log';
import type { ObjectStore } from '#object-store';
import { jest } from '@jest/globals';

import { AuditedLog, longPatienceMs, patienceMs } from './testing/audited-log.js';

jest.setTimeout(longPatienceMs);

const tooLarge = Buffer.alloc(10_000_000);

let log: AuditedLog;
/** The most bytes that were taken into memory of one file. */
let most: number;
beforeEach(async () => {
  log = await AuditedLog.open();
  most = 0;
});
afterEach(async () => {
  await log.close();
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(tooLarge.length);
});

/** The store as the app has it, and behind its bounds one that notes how much is read. */
const around = (store: ObjectStore): ObjectStore =>
  boundedLog({
    name: store.name,
    read: async (path, options) => {
      const bytes = await store.read(path, options);
      most = Math.max(most, bytes?.length ?? 0);
      return bytes;
    },
    create: (path, bytes) => store.create(path, bytes),
    replace: (path, bytes) => store.replace(path, bytes),
    list: (prefix, options) => store.list(prefix, options),
  });

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + patienceMs; !(await isSo()); await sleep(5))
    if (Date.now() > end) throw new Error('it has not come to that');
};
const noteThere = async (): Promise<Buffer> => Buffer.from((await log.store().read('checkpoint')) ?? []);
const grow = async (): Promise<void> => {
  await log.append(1);
  await log.published(await log.events());
  await log.placed();
};

it('a checkpoint that somebody made too large to read is put back', async () => {
  const anchor = log.anchor({ around, healMs: 0 });
  await grow();
  const note = await noteThere();
  await log.store().replace('checkpoint', tooLarge);
  await until(async () => note.equals(await noteThere()));
  await log.stop(anchor);
});

it('a record that is too large to read stops an anchor that runs where it has to know what follows: an older checkpoint was put in the place of its own', async () => {
  const anchor = log.anchor({ around, healMs: 0 });
  await grow();
  const older = await noteThere();
  await grow();
  const planted = interleavingPath((await log.checkpoint()).size);
  await log.store().replace(planted, tooLarge);
  await log.store().replace('checkpoint', older);
  await until(() => anchor.standing.state === 'stopped');
  expect(anchor.standing).toMatchObject({
    reason: 'file_changed',
    message: expect.stringContaining(`malformed ${planted}`) as string,
  });
  await log.stop(anchor);
});

it.each([
  ['record', async () => interleavingPath((await log.checkpoint()).size)],
  ['checkpoint', () => Promise.resolve('checkpoint')],
])('a %s that is too large to read stops the next start', async (_, pathOf) => {
  await log.append(1);
  await log.sealAll({ around });
  await log.store().replace(await pathOf(), tooLarge);
  const anchor = log.anchor({ around });
  await until(() => anchor.standing.state === 'stopped');
  expect(anchor.standing).toMatchObject({ reason: 'file_changed' });
  await log.stop(anchor);
});
