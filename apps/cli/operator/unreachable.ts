import { resolve } from 'node:path';

import { operatorDatabaseUrl } from './index.js';

/** What to say of a database where nobody answers, by the setting that names it; undefined for every other error. */
export const unreachableDatabase = (thrown: unknown, environment: NodeJS.ProcessEnv): string | undefined => {
  // One for each address of a name.
  const error: unknown = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  const { code, port, hostname } = error as NodeJS.ErrnoException & { port?: number; hostname?: string };
  if (code !== 'ECONNREFUSED' && code !== 'ENOTFOUND') return undefined;
  const url = databaseUrl(environment);
  if (!url || (code === 'ENOTFOUND' ? hostname !== url.hostname : port !== Number(url.port || 5432))) return undefined;
  const whose =
    (environment.DATABASE_URL ?? '') === ''
      ? `of the billing-service on ${resolve(environment.BILLING_DATA_DIR ?? '.billing')}`
      : 'that DATABASE_URL names';
  return `the database ${whose} cannot be reached: ${code} ${url.host}`;
};

const databaseUrl = (environment: NodeJS.ProcessEnv): URL | undefined => {
  try {
    return new URL(operatorDatabaseUrl(environment));
  } catch {
    return undefined; // another error says so
  }
};
