import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { ConfigurationError, refuseUnverifiedConnections } from '#platform/configuration';
import { openPool } from '#platform/database';
import type { Pool } from 'pg';

/** The roles that the operator's tools act as: the one whose rights their work needs, and no more. */
export type OperatorRole =
  | 'billing_owner'
  | 'billing_projector'
  | 'billing_gateway'
  | 'billing_relay'
  | 'billing_merkle_anchor'
  | 'billing_command_worker'
  | 'billing_webhook_ingest'
  | 'billing_analyst'
  | 'billing_operator'
  | 'billing_retention';

/**
 * The database that a tool works on: DATABASE_URL, whose login must be a member of the roles that are used (whoever ran the
 * migrations is), else the one of the billing-service that runs on the data directory (BILLING_DATA_DIR, `.billing`).
 * Throws ConfigurationError when there is neither, and in production when the database is not reached over verified TLS.
 */
export const operatorDatabaseUrl = (environment: NodeJS.ProcessEnv): string => {
  if (environment.BILLING_ENV === 'production') refuseUnverifiedConnections(environment);
  const given = environment.DATABASE_URL ?? '';
  if (given !== '') {
    if (!/^postgres(ql)?:\/\//.test(given) || !URL.canParse(given))
      throw new ConfigurationError('DATABASE_URL must be a postgres:// connection string');
    return given;
  }
  const directory = resolve(environment.BILLING_DATA_DIR ?? '.billing');
  const found = runningDatabase(directory);
  if (found !== undefined) return found;
  throw new ConfigurationError(
    `no billing-service runs on ${directory}: start it (npm start), name its folder in BILLING_DATA_DIR, or set DATABASE_URL`,
  );
};

const runningDatabase = (directory: string): string | undefined => {
  try {
    const { databaseUrl } = JSON.parse(readFileSync(join(directory, 'run.json'), 'utf8')) as { databaseUrl?: string };
    return databaseUrl;
  } catch {
    return undefined; // nothing runs there
  }
};

export interface OperatorPoolOptions {
  /** Connections at most. Default 2. */
  max?: number;
  /** How long a statement may take, in milliseconds; 0 for as long as it takes. Default 30,000. */
  statementTimeoutMs?: number;
}

/** A pool whose connections act as `role` from their first statement on. */
export const openOperator = (
  environment: NodeJS.ProcessEnv,
  role: OperatorRole,
  { max = 2, statementTimeoutMs = 30_000 }: OperatorPoolOptions = {},
): Pool => {
  const url = new URL(operatorDatabaseUrl(environment));
  const options = [url.searchParams.get('options'), `-c role=${role}`].filter(Boolean).join(' ');
  url.searchParams.set('options', options);
  return openPool({ url: url.href, app: 'cli', max, statementTimeoutMs });
};
