import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { postgresAccount } from './account.js';
import { findBinaries } from './binaries.js';
import { ensureCluster } from './cluster.js';
import { clusterHome } from './home.js';
import { adoptServer, launchServer, type RunningServer } from './launch.js';
import { boundLog } from './log-file.js';
import { adminUrl, isServing, stopServer } from './postmaster.js';

export { RefusedToStart } from '../refusal.js';

export interface EmbeddedPostgresOptions {
  /** holds the cluster, its password and its log; made if missing. One process at a time: see lock.ts */
  dataDirectory: string;
  /** takes a line at a time: what lasts, and where things are */
  log: (line: string) => void;
  /** the port to listen on; any free one if left out */
  reservedPort?: number;
  /** false only for throwaway clusters of tests; an acknowledged write then does not survive the machine's end */
  fsync?: boolean;
  /** Default 100. */
  maxConnections?: number;
}

/** A server that accepts connections on 127.0.0.1. */
export interface EmbeddedPostgres {
  /** the superuser's URL, database `postgres` */
  readonly adminUrl: string;
  readonly port: number;
  readonly pid: number;
  /** whether a killed run had left it running */
  readonly adopted: boolean;
  /** PGDATA */
  readonly pgdata: string;
  /** Fast shutdown, then by force: at most 20 s. Resolves when the process is gone; repeatable. */
  stop(): Promise<void>;
  /** Calls back once, with the reason, should the server end without `stop`. */
  onExit(callback: (reason: string) => void): void;
}

const watch_ms = 500;
const log_bound_ms = 60_000;

/** Wraps a running server: tells of its end, bounds its log, stops it. */
const supervise = (server: RunningServer, pgdata: string, password: string, logFile: string): EmbeddedPostgres => {
  const { pid, port, child } = server;
  const listeners: ((reason: string) => void)[] = [];
  let ended: string | undefined;
  let stopped: Promise<void> | undefined;

  const timers: NodeJS.Timeout[] = [];
  const end = (reason: string): void => {
    if (ended !== undefined) return;
    ended = reason;
    timers.forEach(clearInterval);
    if (stopped === undefined) for (const tell of listeners) tell(reason);
  };
  if (child === undefined) {
    // Not our child, so that nobody tells us: look.
    const look = async (): Promise<void> => {
      if (!(await isServing(pid, pgdata))) end('it is gone');
    };
    timers.push(setInterval(() => void look(), watch_ms));
  } else {
    const onChildExit = (code: number | null, signal: string | null): void => {
      end(signal ?? `exit code ${String(code)}`);
    };
    child.once('exit', onChildExit);
    if (child.exitCode !== null || child.signalCode !== null) onChildExit(child.exitCode, child.signalCode);
  }
  timers.push(setInterval(() => void boundLog(logFile).catch(() => undefined), log_bound_ms));
  for (const timer of timers) timer.unref();

  return {
    adminUrl: adminUrl(port, password),
    port,
    pid,
    adopted: child === undefined,
    pgdata,
    stop: () => {
      stopped ??= stopServer(pid, pgdata).finally(() => {
        timers.forEach(clearInterval);
      });
      return stopped;
    },
    onExit: (callback) => {
      if (ended !== undefined && stopped === undefined) callback(ended);
      else listeners.push(callback);
    },
  };
};

/**
 * Starts the embedded Postgres 18 on a data directory, or takes over the one that a killed run left behind there.
 * Real files, fsync on, loopback only, a random superuser password in `postgres-password` (0600).
 * @throws RefusedToStart with a line for the reader when this machine, account or directory cannot do it
 * @throws Error when Postgres itself fails
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const { log, reservedPort, fsync = true, maxConnections = 100 } = options;
  await mkdir(options.dataDirectory, { recursive: true, mode: 0o700 });
  const dataDirectory = await realpath(options.dataDirectory);
  const account = await postgresAccount();
  const home = await clusterHome(dataDirectory, account, log);
  const binaries = await findBinaries(account);
  const cluster = await ensureCluster({ home, dataDirectory, binaries, account, log });
  const logFile = join(dataDirectory, 'postgres.log');
  await boundLog(logFile);
  const server =
    (await adoptServer(cluster, log)) ??
    (await launchServer({ cluster, binaries, account, logFile, fsync, maxConnections, reservedPort, log }));
  return supervise(server, cluster.pgdata, cluster.password, logFile);
};
