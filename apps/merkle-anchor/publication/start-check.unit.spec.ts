import { Malformed } from '#audit';
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

it('a place that keeps what is no checkpoint is for a person to look at; one that is away is not', async () => {
  const { log, files } = new GrowingLog().grow(3);
  const start = (error: Error) => {
    const place = { name: 'a place', newest: () => Promise.reject(error), keep: () => Promise.resolve() };
    return assertExtendsAnchors(files as unknown as ObjectStore, log.head(), origin, [place]);
  };
  const stopped = start(new Malformed('checkpoints/000', 'it is too large'));
  await expect(stopped).rejects.toMatchObject({ code: 'sealing_stopped', reason: 'not_an_extension' });
  await expect(stopped).rejects.toThrow(/^a place keeps .*checkpoints\/000: it is too large/);
  const away = new ObjectStoreUnavailable('read', 'a place', 'EIO');
  await expect(start(away)).rejects.toBe(away);
});

it('a record too large to read at the end of the log is a changed file, and no fault of the place that is ahead', async () => {
  const log = new GrowingLog().grow(300);
  const head = log.log.head();
  const place = { name: 'a place', newest: () => log.grow(1).signed(), keep: () => Promise.resolve() };
  const read = (path: string) =>
    path.startsWith('interleaving/') ? Promise.reject(new Malformed(path, 'it is too large')) : log.files.read(path);
  const starting = assertExtendsAnchors({ read } as ObjectStore, head, origin, [place]);
  await expect(starting).rejects.toMatchObject({ code: 'sealing_stopped', reason: 'file_changed' });
});
