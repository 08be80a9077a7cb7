import pg from 'pg';

import type { TestDatabase } from '../../../test/database/index.js';

/** A database as it was: `restore` puts it in the place of what it has become. */
export interface Backup {
  restore(): Promise<void>;
  drop(): Promise<void>;
}

/** Copies a database that nobody works on just now. Connections of its pools are cut; they open others by themselves. */
export const backUp = async (database: TestDatabase): Promise<Backup> => {
  const name = new URL(database.adminUrl).pathname.slice(1);
  const [copy, replaced] = [`${name}_backup`, `${name}_replaced`];
  await onCluster(
    database,
    [name],
    [`create database ${copy} template ${name}`, `alter database ${name} with allow_connections true`],
  );
  return {
    restore: () =>
      onCluster(
        database,
        [name, copy],
        [
          `alter database ${name} rename to ${replaced}`,
          `alter database ${copy} rename to ${name}`,
          `alter database ${name} with allow_connections true`,
        ],
      ),
    drop: () =>
      onCluster(
        database,
        [],
        [copy, replaced].map((each) => `drop database if exists ${each} with (force)`),
      ),
  };
};

const onCluster = async (
  database: TestDatabase,
  quiet: readonly string[],
  statements: readonly string[],
): Promise<void> => {
  const client = new pg.Client({ connectionString: clusterUrlOf(database) });
  await client.connect();
  try {
    for (const name of quiet) await client.query(`alter database ${name} with allow_connections false`);
    await client.query(
      'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = any ($1) and pid <> pg_backend_pid()',
      [quiet],
    );
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
};

/** The same login in the database that every cluster has. */
const clusterUrlOf = ({ adminUrl }: TestDatabase): string => {
  const url = new URL(adminUrl);
  url.pathname = '/postgres';
  return url.href;
};
