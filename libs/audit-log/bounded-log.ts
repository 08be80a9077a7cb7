import { Malformed } from '#audit';
import type { ObjectStore } from '#object-store';
import { ObjectTooLarge } from '#object-store';

/** What each kind of file of our log has at most: who can write to the store fills nobody's memory. Of the first that a path begins with. */
const bounds: readonly (readonly [prefix: string, maxBytes: number])[] = [
  ['tile/entries/', 256 * (2 + 256)], // an entry has some 130 bytes
  ['tile/', 256 * 32],
  ['interleaving/', 8_000_000],
  ['keys/', 4_000_000],
  ['', 1_000_000], // notes
];

/** What the file at a path of the log may have at most, in bytes. */
export const logFileBytes = (path: string): number => bounds.find(([prefix]) => path.startsWith(prefix))?.[1] ?? 0;

/** The store of a log of ours: a file that is larger than its kind can be is Malformed, and not read. */
export const boundedLog = (store: ObjectStore): ObjectStore => ({
  name: store.name,
  read: async (path) => {
    const maxBytes = logFileBytes(path);
    try {
      return await store.read(path, { maxBytes });
    } catch (error) {
      if (!(error instanceof ObjectTooLarge)) throw error;
      // Without the name of the store: readers of the published log are told this, too.
      throw new Malformed(path, `it has more than ${String(maxBytes)} bytes, and is not read: find out who wrote it`);
    }
  },
  create: (path, bytes) => store.create(path, bytes),
  replace: (path, bytes) => store.replace(path, bytes),
  list: (prefix, options) => store.list(prefix, options),
});
