import { ConfigurationError } from '#platform/configuration';
import { addDemoTenants, ForeignRolePasswords, migrate, MigrationFailed } from '#platform/migrate';

import { introduceFirstAuditKey } from './first-audit-key.js';
import { RefusedToStart } from './refusal.js';
import type { StandaloneSettings } from './settings.js';

const insufficient_privilege = '42501';

export interface Preparation {
  adminUrl: string;
  settings: Pick<StandaloneSettings, 'environment' | 'dataDirectory' | 'databaseUrl' | 'resetRolePasswords'> &
    Partial<Pick<StandaloneSettings, 'firstAuditKey'>>;
  rolePassword: (role: string) => string;
  /** takes a line for the reader at a time */
  print: (line: string) => void;
}

/**
 * Brings the database to the current schema, gives its roles this data directory's passwords and, in development, adds the
 * demo tenants; with a local keyring, the audit log gets its first key. The roles belong to the whole cluster: in one that is
 * not ours alone, passwords of another data directory are left alone, because its services log in with them.
 * @throws RefusedToStart with one line that says what failed, or which data directory is needed
 */
export const prepareDatabase = async ({ adminUrl, settings, rolePassword, print }: Preparation): Promise<void> => {
  const external = settings.databaseUrl !== undefined;
  try {
    const keepForeignPasswords = external && !settings.resetRolePasswords;
    await migrate({ adminUrl, rolePassword, keepForeignPasswords, onProgress: print });
    if (settings.environment === 'development') await addDemoTenants(adminUrl);
    if (settings.firstAuditKey) await introduceFirstAuditKey(adminUrl, settings.environment, settings.firstAuditKey);
  } catch (error) {
    if (error instanceof ForeignRolePasswords) throw new RefusedToStart(foreign(settings.dataDirectory));
    if (error instanceof ConfigurationError) throw new RefusedToStart(error.message);
    if (!(error instanceof MigrationFailed)) throw error;
    const needs = external && error.sqlState === insufficient_privilege ? privileges : '';
    throw new RefusedToStart(`${external ? 'DATABASE_URL' : 'the database'}: ${needs}${error.message}`);
  }
};

const privileges =
  'this login needs CREATEROLE and CREATE on its database; where another login has created the billing_ roles, also ADMIN on them: ';

const foreign = (dataDirectory: string): string =>
  'DATABASE_URL: the billing_ roles of this cluster have the passwords of another data directory: set BILLING_DATA_DIR to ' +
  `that one, or copy its role-secret into ${dataDirectory}; if nothing uses them any more, start once with BILLING_RESET_ROLE_PASSWORDS=1`;
