import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { superuser } from './cluster.js';

const run = promisify(execFile);

/** What a running server says of itself in `postmaster.pid`. */
export interface Postmaster {
  pid: number;
  /** 0 while it has not written one yet */
  port: number;
  /** `starting`, `ready`, `stopping`; empty while it has not written one yet */
  status: string;
}

/** Reads `postmaster.pid` (its lines: pid, data directory, start time, port, socket directory, address, memory, status). */
export const readPostmaster = async (pgdata: string): Promise<Postmaster | undefined> => {
  let text: string;
  try {
    text = await readFile(join(pgdata, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return { pid, port: Number(lines[3] ?? 0), status: lines[7] ?? '' };
};

/**
 * Whether process `pid` is the server of this cluster, and not another one that was given its number since.
 * A server works in its data directory. A zombie, which some containers never reap, has no working directory: gone.
 */
export const isServing = async (pid: number, pgdata: string): Promise<boolean> => {
  if (existsSync('/proc/self/cwd')) {
    const [cwd, own] = await Promise.all([readlink(`/proc/${String(pid)}/cwd`).catch(() => ''), realpath(pgdata)]);
    return cwd === own;
  }
  try {
    const { stdout } = await run('ps', ['-p', String(pid), '-o', 'stat=,args='], { timeout: 5_000 });
    return !stdout.trim().startsWith('Z') && stdout.includes(pgdata);
  } catch {
    return false;
  }
};

/** Waits until the server is gone. @returns whether it went within `limit_ms` */
export const waitUntilGone = async (pid: number, pgdata: string, limit_ms: number): Promise<boolean> => {
  const deadline = Date.now() + limit_ms;
  while (await isServing(pid, pgdata)) {
    if (Date.now() >= deadline) return false;
    await sleep(20);
  }
  return true;
};

/**
 * Stops a server: a fast shutdown, after `limit_ms` an immediate one (the next start recovers from the log), at last a kill.
 * @throws Error when even that did not end it
 */
export const stopServer = async (pid: number, pgdata: string, limit_ms = 10_000): Promise<void> => {
  const steps: [NodeJS.Signals, number][] = [
    ['SIGINT', limit_ms],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ];
  for (const [signal, wait_ms] of steps) {
    if (!(await isServing(pid, pgdata))) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    if (await waitUntilGone(pid, pgdata, wait_ms)) return;
  }
  throw new Error(`Postgres (process ${String(pid)}) does not end`);
};

/** The superuser's URL of the server on a port. */
export const adminUrl = (port: number, password: string): string =>
  `postgres://${superuser}:${password}@127.0.0.1:${String(port)}/postgres`;

/**
 * Connects with our password and asks the server for its data directory: proof that it is ours (scram proves both ends).
 * @throws Error when it is not, or does not answer
 */
export const verifyServer = async (port: number, password: string, pgdata: string): Promise<void> => {
  const client = new Client({ connectionString: adminUrl(port, password), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined); // the query below rejects with the same
  try {
    await client.connect();
    const { rows } = await client.query<{ data_directory: string }>('show data_directory');
    const told = rows[0]?.data_directory ?? '';
    if ((await realpath(told)) !== (await realpath(pgdata)))
      throw new Error(`the server on port ${String(port)} is another one (${told})`);
  } finally {
    await client.end().catch(() => undefined);
  }
};
