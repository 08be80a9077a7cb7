import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefusedToStart } from '../refusal.js';
import { type Account, canEnter } from './account.js';

/** Where root keeps what Postgres's account must reach when the project's own folder is closed to it. */
const open_folders = (): string[] => ['/var/lib/billing-service', join(tmpdir(), 'billing-service-root')];

/** Names the file in the data directory that says where the database went instead. */
const pointer = 'postgres-location';

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * A folder of mode 0711 that belongs to root and that the account can enter.
 * A folder that somebody else made under that name, or may write to, is not trusted.
 */
const openFolder = async (account: Account): Promise<string | undefined> => {
  for (const folder of open_folders()) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o711 });
      const found = await lstat(folder);
      if (!found.isDirectory() || found.uid !== 0 || (found.mode & 0o022) !== 0) continue;
      await chmod(folder, 0o711);
      if (await canEnter(account, folder)) return folder;
    } catch (error) {
      if (error instanceof RefusedToStart) throw error;
    }
  }
  return undefined;
};

/**
 * @param purpose what is to be kept there, for the message
 * @throws RefusedToStart when root has no folder that the account could enter
 */
export const requireOpenFolder = async (account: Account, closed: string, purpose: string): Promise<string> => {
  const folder = await openFolder(account);
  if (folder !== undefined) return folder;
  throw new RefusedToStart(
    `Postgres runs as "${account.name}", to whom ${closed} is closed, and there is no open folder to put ${purpose} in: ` +
      `allow entry to its parent folders (chmod o+x), run as another user, or set DATABASE_URL`,
  );
};

/**
 * The folder that holds the cluster (in `postgres/`): the data directory itself, except for root in a place where
 * Postgres's account cannot go. There it is a folder of its own elsewhere, which a file in the data directory names.
 * @throws RefusedToStart when that other folder is gone, or none can be had
 */
export const clusterHome = async (
  dataDirectory: string,
  account: Account | undefined,
  log: (line: string) => void,
): Promise<string> => {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const pointerFile = join(dataDirectory, pointer);
  const pointed = (await readFile(pointerFile, 'utf8').catch(() => '')).trim();
  if (pointed !== '') {
    if (await exists(pointed)) return pointed;
    throw new RefusedToStart(
      `the database of ${dataDirectory} was kept in ${pointed}, which is gone: bring it back, or remove ${dataDirectory} to begin anew`,
    );
  }
  if (account === undefined) return dataDirectory;
  // Passing through is all that others may do; every file in it is 0600, every folder 0700.
  await chmod(dataDirectory, 0o711);
  if (await canEnter(account, dataDirectory)) return dataDirectory;

  const folder = await requireOpenFolder(account, dataDirectory, 'the database');
  const home = join(folder, `data-${randomBytes(4).toString('hex')}`);
  await mkdir(home, { mode: 0o711 });
  await chmod(home, 0o711);
  await writeFile(join(home, 'belongs-to'), `${dataDirectory}\n`, { mode: 0o600 });
  await writeFile(pointerFile, `${home}\n`, { mode: 0o600, flush: true });
  log(`the database is kept in ${home} (Postgres runs as "${account.name}", to whom ${dataDirectory} is closed)`);
  return home;
};
