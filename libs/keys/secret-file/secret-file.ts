import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises';
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
  const existing = await readSecret(path);
  if (existing !== undefined) return existing;
  await mkdir(dirname(path), { recursive: true });
  await createExclusively(path, await make());
  const winner = await readSecret(path);
  if (winner === undefined) throw new Error(`${path} vanished while it was being created; start again`);
  return winner;
};

const readSecret = async (path: string): Promise<string | undefined> => {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw new SecretFileExposed(path, mode & 0o777);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
};

const createExclusively = async (path: string, text: string): Promise<void> => {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
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
