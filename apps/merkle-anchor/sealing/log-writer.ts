import type { LogFile } from '#audit';
import { Malformed } from '#audit';
import type { ObjectStore } from '#object-store';

import { SealingStopped } from '../stopped.js';

/** Files that are on their way at once. */
const maxInFlight = 16;

/**
 * Creates the files of the log, each durable when it resolves. One that is there with the same bytes is as good: a step is done again after a
 * crash. Throws SealingStopped (file_changed) where one has other bytes.
 */
export const writeFiles = async (store: ObjectStore, files: readonly LogFile[]): Promise<void> => {
  const queue = [...files].reverse();
  const writer = async (): Promise<void> => {
    for (let file = queue.pop(); file; file = queue.pop()) await writeFile(store, file);
  };
  await Promise.all(Array.from({ length: Math.min(maxInFlight, files.length) }, writer));
};

/** Creates one file. Gives whether its bytes are there now: false where there are others. */
export const createSame = async (store: ObjectStore, { path, bytes }: LogFile): Promise<boolean> => {
  if ((await store.create(path, bytes)) === 'created') return true;
  const there = await store.read(path).catch((error: unknown) => {
    if (error instanceof Malformed) return undefined; // larger than a file of the log can be
    throw error;
  });
  return there !== undefined && Buffer.from(there).equals(bytes);
};

const writeFile = async (store: ObjectStore, file: LogFile): Promise<void> => {
  if (await createSame(store, file)) return;
  throw new SealingStopped(
    'file_changed',
    `${file.path} in ${store.name} has other bytes than the log: somebody changed it, or two logs share the place. ` +
      'Nothing is sealed any more; see docs/operations/audit-log.md',
  );
};
