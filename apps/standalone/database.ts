import { setTimeout as sleep } from 'node:timers/promises';

import { databaseConnection } from '#platform/database';
import pg from 'pg';

import { type EmbeddedPostgres, startEmbeddedPostgres } from './postgres/index.js';
import { PartFailed, RefusedToStart } from './refusal.js';
import { Restarts } from './restarts.js';
import type { StandaloneSettings } from './settings.js';

const databaseName = 'billing';
const oldest_version = 150_000;

/** The Postgres that the standalone works on. */
export interface Database {
  /** an administrator's URL of the service's database */
  adminUrl: string;
  /** where the embedded server keeps its files */
  directory?: string;
  /** Stops the embedded server; leaves an external one alone. */
  stop(): Promise<void>;
}

export interface DatabaseOptions {
  settings: StandaloneSettings;
  log: (line: string) => void;
  /** called once, when the embedded server has ended too often to be started again */
  onGiveUp: (reason: Error) => void;
}

const withClient = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({
    ...databaseConnection(url),
    connectionTimeoutMillis: 10_000,
    application_name: 'billing standalone',
  });
  client.on('error', () => undefined); // the statement in progress rejects with the same
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
};

/** An external Postgres, after a look at it. Throws RefusedToStart when it does not answer or is older than 15. */
const externalDatabase = async (url: string): Promise<Database> => {
  let version: number;
  try {
    version = await withClient(url, async (client) => {
      const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
      return Number(rows[0]?.server_version_num);
    });
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    throw new RefusedToStart(`DATABASE_URL: cannot connect (${message === '' ? code : message})`);
  }
  if (version < oldest_version) {
    throw new RefusedToStart(
      `DATABASE_URL: this is Postgres ${Math.floor(version / 10_000)}, and 15 or later is needed`,
    );
  }
  return { adminUrl: url, stop: () => Promise.resolve() };
};

const createDatabase = async (server: EmbeddedPostgres): Promise<string> => {
  await withClient(server.adminUrl, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [databaseName]);
    if (rowCount === 0) await client.query(`create database ${databaseName}`);
  });
  const url = new URL(server.adminUrl);
  url.pathname = `/${databaseName}`;
  return url.href;
};

/** The embedded server, started again on its port when it ends: the services connect again by themselves. */
const embeddedDatabase = async ({ settings, log, onGiveUp }: DatabaseOptions): Promise<Database> => {
  const { dataDirectory } = settings;
  const restarts = new Restarts();
  const stopped = new AbortController();
  let server = await startEmbeddedPostgres({ dataDirectory, log });
  let restarting: Promise<void> | undefined;
  if (server.adopted) log(`took over the Postgres that an earlier run left running (process ${server.pid})`);

  const watch = (since: number): void => {
    server.onExit((reason) => {
      restarting = restart(reason, Date.now() - since);
    });
  };
  const restart = async (first: string, served_ms: number): Promise<void> => {
    let reason = first;
    let served = served_ms;
    for (;;) {
      const wait_ms = restarts.next(served);
      if (wait_ms === undefined) {
        onGiveUp(new PartFailed(`Postgres ended ${restarts.limit + 1} times in a row, at last with: ${reason}`));
        return;
      }
      log(`Postgres ended (${reason}), starting it again`);
      try {
        await sleep(wait_ms, undefined, { signal: stopped.signal });
        server = await startEmbeddedPostgres({ dataDirectory, log, reservedPort: server.port });
        watch(Date.now());
        return;
      } catch (error) {
        if (stopped.signal.aborted) return;
        reason = (error as Error).message;
        served = 0;
      }
    }
  };
  watch(Date.now());

  const stop = async (): Promise<void> => {
    stopped.abort();
    await restarting;
    await server.stop();
  };
  try {
    return { adminUrl: await createDatabase(server), directory: server.pgdata, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/**
 * Opens the database of the settings: an external one, or the embedded server with a database `billing`.
 * @throws RefusedToStart with a line for the reader
 */
export const openDatabase = (options: DatabaseOptions): Promise<Database> =>
  options.settings.databaseUrl === undefined
    ? embeddedDatabase(options)
    : externalDatabase(options.settings.databaseUrl);
