import { setTimeout as sleep } from 'node:timers/promises';

import { boundedLog, interleavingPath } from '#audit-log';
import { jest } from '@jest/globals';

import { AuditedLog, longPatienceMs, patienceMs } from './testing/audited-log.js';

jest.setTimeout(longPatienceMs);

const tooLarge = Buffer.alloc(10_000_000);

let log: AuditedLog;
beforeAll(async () => {
  log = await AuditedLog.open();
});
afterAll(() => log.close());

const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  for (const end = Date.now() + patienceMs; !(await isSo()); await sleep(5))
    if (Date.now() > end) throw new Error('it has not come to that');
};

it('a checkpoint that somebody made too large to read is put back', async () => {
  const anchor = log.anchor({ around: boundedLog, healMs: 0 });
  await log.append(1);
  await log.published(await log.events());
  await log.placed();
  const note = Buffer.from((await log.store().read('checkpoint')) ?? []);
  await log.store().replace('checkpoint', tooLarge);
  await until(async () => note.equals((await log.store().read('checkpoint')) ?? Buffer.alloc(0)));
  await log.stop(anchor);
});

it.each([
  ['record', async () => interleavingPath((await log.checkpoint()).size)],
  ['checkpoint', () => Promise.resolve('checkpoint')],
])('a %s that is too large to read stops the next start', async (_, pathOf) => {
  await log.store().replace(await pathOf(), tooLarge);
  const anchor = log.anchor({ around: boundedLog });
  await until(() => anchor.standing.state === 'stopped');
  expect(anchor.standing).toMatchObject({ reason: 'file_changed' });
  await log.stop(anchor);
});
