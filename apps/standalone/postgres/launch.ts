import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFree } from '../ports.js';
import { RefusedToStart } from '../refusal.js';
import type { Account } from './account.js';
import { type Binaries, programEnvironment } from './binaries.js';
import type { Cluster } from './cluster.js';
import { logSince, logSize, openLog } from './log-file.js';
import { isServing, type Postmaster, readPostmaster, stopServer, verifyServer } from './postmaster.js';
import { serverSettings } from './settings.js';

const ready_limit_ms = 180_000;
const attempts = 20;
const attempts_on_reserved_port = 8;

export interface LaunchOptions {
  cluster: Cluster;
  binaries: Binaries;
  account: Account | undefined;
  logFile: string;
  fsync: boolean;
  maxConnections: number;
  reservedPort: number | undefined;
  log: (line: string) => void;
}

/** A running server; `child` is missing where another run of ours started it. */
export interface RunningServer {
  pid: number;
  port: number;
  child?: ChildProcess;
}

/** A free port below those that systems hand out for outgoing connections, so that a restart finds it free again. */
const freePort = async (): Promise<number> => {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
  throw new RefusedToStart('no free port for Postgres between 20000 and 32000 on 127.0.0.1');
};

/**
 * Waits until the server says that it accepts connections. Recovery after a crash takes its time, which is said.
 * @throws Error when it ends instead, or takes longer than three minutes
 */
const waitUntilReady = async (
  pid: number,
  pgdata: string,
  hasEnded: () => boolean,
  log: (line: string) => void,
): Promise<Postmaster> => {
  const began = Date.now();
  let said = began;
  for (;;) {
    const found = await readPostmaster(pgdata);
    if (found?.pid === pid && found.status === 'ready') return found;
    if (hasEnded()) throw new Error('Postgres ended while it started');
    const now = Date.now();
    if (now - began > ready_limit_ms) throw new Error(`Postgres is not ready after ${String(ready_limit_ms / 1000)} s`);
    if (now - said > 2_000) {
      log(`waiting for Postgres to recover (${String(Math.round((now - began) / 1000))} s)`);
      said = now;
    }
    await sleep(20);
  }
};

/** Whether a process number is in use by anybody, zombies included: then Postgres takes its own stale lock for a live one. */
const isTaken = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
};

/**
 * Takes over the server that a killed run left behind, after it has proved to be ours; one that cannot, or is about to
 * stop, is stopped. A lock whose process number now belongs to another program is removed.
 * @returns undefined where none is running
 */
export const adoptServer = async (
  cluster: Cluster,
  log: (line: string) => void,
): Promise<RunningServer | undefined> => {
  const { pgdata, password } = cluster;
  const found = await readPostmaster(pgdata);
  if (found === undefined) return undefined;
  const { pid } = found;
  if (!(await isServing(pid, pgdata))) {
    if (isTaken(pid)) await rm(join(pgdata, 'postmaster.pid'), { force: true });
    return undefined;
  }
  try {
    if (found.status === 'stopping') throw new Error('it was being stopped');
    let serving = true;
    const watch = setInterval(() => void isServing(pid, pgdata).then((now) => (serving = now)), 500);
    const { port } = await waitUntilReady(pid, pgdata, () => !serving, log).finally(() => {
      clearInterval(watch);
    });
    await verifyServer(port, password, pgdata);
    return { pid, port };
  } catch (error) {
    log(`stopping the Postgres that an earlier run left behind (${(error as Error).message})`);
    await stopServer(pid, pgdata);
    return undefined;
  }
};

/** A session of its own keeps the terminal's Ctrl-C from it: it is stopped last, by us. */
const spawnServer = async (port: number, options: LaunchOptions): Promise<ChildProcess> => {
  const { cluster, binaries, account, logFile } = options;
  const identity = account === undefined ? {} : { uid: account.uid, gid: account.gid };
  const output = await openLog(logFile);
  try {
    const child = spawn(join(binaries.bin, 'postgres'), ['-D', cluster.pgdata, ...serverSettings(port, options)], {
      ...identity,
      cwd: '/',
      env: programEnvironment,
      detached: true,
      stdio: ['ignore', output.fd, output.fd],
    });
    await once(child, 'spawn');
    child.unref();
    return child;
  } finally {
    await output.close();
  }
};

/**
 * Starts the server on `reservedPort`, or on a free port: another one when it is taken in between, again when processes of
 * a killed predecessor still hold its memory. Both a bounded number of times.
 * @throws RefusedToStart when the reserved port stays taken
 * @throws Error with the end of the server's log when it does not come up
 */
export const launchServer = async (options: LaunchOptions): Promise<RunningServer> => {
  const { cluster, logFile, reservedPort, log } = options;
  for (let attempt = 1; ; attempt++) {
    const port = reservedPort ?? (await freePort());
    const before = await logSize(logFile);
    const child = await spawnServer(port, options);
    const pid = child.pid ?? 0;
    try {
      await waitUntilReady(pid, cluster.pgdata, () => child.exitCode !== null || child.signalCode !== null, log);
      return { pid, port, child };
    } catch (error) {
      await stopServer(pid, cluster.pgdata);
      const said = await logSince(logFile, before);
      const portTaken = said.includes('could not bind') || said.includes('could not create any TCP/IP sockets');
      const predecessor =
        said.includes('pre-existing shared memory') || said.includes('"postmaster.pid" already exists');
      const limit = portTaken && reservedPort !== undefined ? attempts_on_reserved_port : attempts;
      if (attempt < limit && (portTaken || predecessor)) {
        if (predecessor || reservedPort !== undefined) await sleep(250);
        continue;
      }
      if (portTaken) throw new RefusedToStart(`port ${String(port)} on 127.0.0.1, which Postgres needs, is taken`);
      throw new Error(`${(error as Error).message}; the end of ${logFile}:\n${said.trim()}`, { cause: error });
    }
  }
};
