import { mkdtemp, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

const memoryFolder = '/dev/shm';
/** What statfs says of a file system in memory (TMPFS_MAGIC of Linux). */
const tmpfs = 0x01021994;
/** The databases of three specs at once and their write-ahead logs take less than a third of it. */
const roomBytes = 6 * 2 ** 30;

/**
 * A new folder for the clusters of a test run: in memory where there is plenty, else among the temporary files. A run makes and drops hundreds
 * of databases of some 300 files each, and a file system on disk looks long for numbers for so many new files.
 */
export const newClusterFolder = async (): Promise<string> =>
  mkdtemp(join((await hasRoom(memoryFolder)) ? memoryFolder : tmpdir(), 'billing-test-'));

const hasRoom = async (folder: string): Promise<boolean> => {
  try {
    const { type, bavail, bsize } = await statfs(folder);
    return type === tmpfs && bavail * bsize >= roomBytes && freemem() >= roomBytes;
  } catch {
    return false; // not Linux
  }
};
