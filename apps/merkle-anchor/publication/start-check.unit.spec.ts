import { ObjectStoreUnavailable } from '#object-store';
import type { ObjectStore } from '#object-store';

import { GrowingLog, origin } from '../witnesses/testing/growing-log.js';
import { assertExtendsAnchors } from './start-check.js';

/** Holds a log of 700 leaves, in files that are read so, against a place that keeps its checkpoint of 300. */
const checked = async (read: (log: GrowingLog) => ObjectStore['read']): Promise<void> => {
  const log = new GrowingLog().grow(300);
  const note = await log.signed();
  log.grow(400);
  const place = { name: 'a place', newest: () => Promise.resolve(note), keep: () => Promise.resolve() };
  await assertExtendsAnchors({ read: read(log) } as ObjectStore, log.log.head(), origin, [place]);
};

it('a log that extends what is kept passes', async () => {
  await expect(
    checked(
      ({ files }) =>
        (path) =>
          files.read(path),
    ),
  ).resolves.toBeUndefined();
});

it('a tile that is lost, without which it cannot be told whether the log extends what is kept, is a stop and no trouble that passes', async () => {
  const stopped = checked(
    ({ files }) =>
      (path) =>
        path === 'tile/0/001' ? Promise.resolve(undefined) : files.read(path),
  );
  await expect(stopped).rejects.toMatchObject({ code: 'sealing_stopped', reason: 'file_changed' });
  await expect(stopped).rejects.toThrow('tile/0/001');
});

it('a store that is away is trouble that passes', async () => {
  const away = new ObjectStoreUnavailable('read', 'a store', 'ENOSPC');
  await expect(checked(() => () => Promise.reject(away))).rejects.toBe(away);
});
