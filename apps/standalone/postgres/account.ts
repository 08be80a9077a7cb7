import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { RefusedToStart } from '../refusal.js';

const run = promisify(execFile);

/** The operating system account that Postgres runs under when it is not our own. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/**
 * Postgres refuses to run as root, so that root hands it to `nobody`.
 * @returns the account to run under, or undefined where our own will do
 * @throws RefusedToStart when root's machine has no `nobody`
 */
export const postgresAccount = async (): Promise<Account | undefined> => {
  if (process.getuid?.() !== 0) return undefined;
  const name = 'nobody';
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { name, uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    throw new RefusedToStart(
      `Postgres does not run as root and there is no user "${name}" here: run as another user, or set DATABASE_URL`,
    );
  }
};

/**
 * Whether an account may enter a folder, tried rather than computed: access lists and mounts count too.
 * @throws RefusedToStart when this process may not become that account
 */
export const canEnter = (account: Account, folder: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const { uid, gid, name } = account;
    const child = spawn('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { uid, gid, cwd: '/', env: {}, stdio: 'ignore' });
    child.once('error', () => {
      reject(
        new RefusedToStart(
          `Postgres does not run as root, and this root may not become "${name}": run as another user, or set DATABASE_URL`,
        ),
      );
    });
    child.once('exit', (code) => {
      resolve(code === 0);
    });
  });
