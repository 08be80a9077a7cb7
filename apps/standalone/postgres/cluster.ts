import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RefusedToStart } from '../refusal.js';
import type { Account } from './account.js';
import { type Binaries, programEnvironment } from './binaries.js';

const run = promisify(execFile);

/** The superuser that initdb creates. */
export const superuser = 'postgres';

const initdb_timeout_ms = 120_000;
const unfinished = 'postgres.unfinished-';

export interface Cluster {
  /** PGDATA */
  pgdata: string;
  /** the superuser's */
  password: string;
}

const readOrUndefined = async (file: string): Promise<string | undefined> => {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
};

/** The password is stored before the cluster that it opens exists, so that no crash can part them. */
const newPassword = async (file: string): Promise<string> => {
  const password = randomBytes(32).toString('hex');
  await writeFile(`${file}.new`, `${password}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
  return password;
};

/** initdb into a folder of another name, which gets the real one when it is complete and on disk. */
const initialise = async (
  home: string,
  pgdata: string,
  password: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<void> => {
  const partial = join(home, `${unfinished}${randomBytes(4).toString('hex')}`);
  const passwordFile = `${partial}.pw`;
  await mkdir(partial, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  const identity = account === undefined ? {} : { uid: account.uid, gid: account.gid };
  if (account !== undefined) {
    await chown(partial, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  try {
    await run(
      join(binaries.bin, 'initdb'),
      [
        ...['-D', partial, '-U', superuser, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
        '--no-instructions',
      ],
      { ...identity, cwd: '/', env: programEnvironment, timeout: initdb_timeout_ms, killSignal: 'SIGKILL' },
    );
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const reason = stderr.trim() === '' ? message : stderr.trim();
    throw new Error(`initdb failed: ${reason}`, { cause: error });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(partial, pgdata);
  await syncFolder(home);
};

/** What a start that was cut off left behind. Only ever called by the holder of the data directory. */
const removeUnfinished = async (home: string): Promise<void> => {
  for (const name of await readdir(home)) {
    if (name.startsWith(unfinished)) await rm(join(home, name), { recursive: true, force: true });
  }
};

/**
 * The cluster in `home`, initialised if there is none: UTF-8, built-in C.UTF-8 collation (the same order on every
 * machine), data checksums, scram-sha-256 for every connection.
 * @throws RefusedToStart when a cluster is there that these programs or this password cannot open
 */
export const ensureCluster = async (options: {
  home: string;
  dataDirectory: string;
  binaries: Binaries;
  account: Account | undefined;
  log: (line: string) => void;
}): Promise<Cluster> => {
  const { home, dataDirectory, binaries, account, log } = options;
  const pgdata = join(home, 'postgres');
  const passwordFile = join(dataDirectory, 'postgres-password');
  const [version, stored] = await Promise.all([
    readOrUndefined(join(pgdata, 'PG_VERSION')),
    readOrUndefined(passwordFile),
  ]);
  if (version !== undefined) {
    if (Number(version) !== binaries.major) {
      throw new RefusedToStart(
        `${pgdata} was written by Postgres ${version} and cannot be opened by ${String(binaries.major)}`,
      );
    }
    if (stored === undefined) {
      throw new RefusedToStart(
        `${passwordFile} is missing, without which the database in ${pgdata} cannot be opened: bring it back, or remove both`,
      );
    }
    await chmod(passwordFile, 0o600);
    return { pgdata, password: stored };
  }
  await removeUnfinished(home);
  log('creating the database');
  const password = stored ?? (await newPassword(passwordFile));
  await initialise(home, pgdata, password, binaries, account);
  return { pgdata, password };
};
