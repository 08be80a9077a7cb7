import { mkdtemp, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const memoryFolder = '/dev/shm';
const prefix = 'billing-test-';
/** What statfs says of a file system in memory (TMPFS_MAGIC of Linux). */
const tmpfs = 0x01021994;
/** The databases of three specs at once and their write-ahead logs take less than a third of it. */
const roomBytes = 6 * 2 ** 30;
const abandonedAfterMs = 3_600_000;

/**
 * A new folder for the clusters of a test run: in memory where there is plenty, else among the temporary files. A run makes and drops hundreds
 * of databases of some 300 files each, and a file system on disk looks long for numbers for so many new files. Long runs make few, and
 * write more than memory has room for.
 */
export const newClusterFolder = async ({ isLong }: { isLong: boolean }): Promise<string> => {
  const inMemory = !isLong && (await hasRoom(memoryFolder));
  if (inMemory) await removeAbandoned();
  return mkdtemp(join(inMemory ? memoryFolder : tmpdir(), prefix));
};

const hasRoom = async (folder: string): Promise<boolean> => {
  try {
    const { type, bavail, bsize } = await statfs(folder);
    return type === tmpfs && bavail * bsize >= roomBytes && process.availableMemory() >= roomBytes;
  } catch {
    return false; // not Linux
  }
};

/** What a killed run has left would stay in memory until the machine ends. */
const removeAbandoned = async (): Promise<void> => {
  for (const name of await readdir(memoryFolder)) {
    const folder = join(memoryFolder, name);
    if (name.startsWith(prefix) && (await isAbandoned(folder))) await rm(folder, { recursive: true, force: true });
  }
};

const isAbandoned = async (folder: string): Promise<boolean> => {
  try {
    if (Date.now() - (await stat(folder)).mtimeMs < abandonedAfterMs) return false;
    const [pid] = (await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (pid) process.kill(Number(pid), 0);
    return !pid;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
};
