import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Raised when a secret file can be read by others than its owner. */
export class SecretFileExposed extends Error {
  constructor(path: string, mode: number) {
    super(`${path} is open to other users (mode ${mode.toString(8).padStart(4, '0')}); run: chmod 600 ${path}`);
  }
}

/**
 * The text of the secret file at `path`; where there is none, `make()` gives the text and the file is created with mode 0600.
 * However many processes start at once, one file wins and every one of them gets its text: the content is written and synced
 * under another name first and then linked, so nobody ever sees half a file. Throws SecretFileExposed when group or others
 * have any access.
 */
export const readOrCreateSecretFile = async (path: string, make: () => string | Promise<string>): Promise<string> => {
  const existing = await readSecretFile(path);
  if (existing !== undefined) return existing;
  await mkdir(dirname(path), { recursive: true });
  await createExclusively(path, await make());
  const winner = await readSecretFile(path);
  if (winner === undefined) throw new Error(`${path} vanished while it was being created; start again`);
  return winner;
};

/** The text of the secret file at `path`; undefined where there is none. Throws SecretFileExposed when group or others have any access. */
export const readSecretFile = async (path: string): Promise<string | undefined> => {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw new SecretFileExposed(path, mode & 0o777);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

/** Puts `text` in the place of the secret file at `path`, whole and durable, with mode 0600: whoever reads meanwhile sees the old or the new. */
export const replaceSecretFile = async (path: string, text: string): Promise<void> => {
  const temporary = temporaryOf(path);
  try {
    await writeDurably(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
};

/** How long a lock counts: what is done under one takes milliseconds, so its holder was killed. */
const lockLastsMs = 10_000;
const lockWaitMs = 15_000;
const lockPollMs = 20;

/** Runs `work` while no other process does for the same path. Rejects when that takes longer than 15 seconds. */
export const whileLocked = async (path: string, work: () => Promise<void>): Promise<void> => {
  const lock = `${path}.lock`;
  const deadline = Date.now() + lockWaitMs;
  while (!(await taken(lock))) {
    if (Date.now() > deadline) throw new Error(`${lock} is held by another process; delete it if there is none`);
    await new Promise((resolve) => setTimeout(resolve, lockPollMs));
  }
  try {
    await work();
  } finally {
    await unlink(lock);
  }
};

const taken = async (lock: string): Promise<boolean> => {
  try {
    await (await open(lock, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > lockLastsMs) await unlink(lock).catch(() => undefined);
    return false;
  }
};

const temporaryOf = (path: string): string => join(dirname(path), `.${basename(path)}.${randomUUID()}`);

const writeDurably = async (path: string, text: string): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
};

const createExclusively = async (path: string, text: string): Promise<void> => {
  const temporary = temporaryOf(path);
  try {
    await writeDurably(temporary, text);
    // link, unlike rename, fails when another process was first: its file stays, ours is dropped.
    await link(temporary, path);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  } finally {
    await unlink(temporary);
  }
  await syncDirectory(dirname(path));
};

/** Makes the new name itself durable, not only the content behind it. */
const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

const isErrno = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
