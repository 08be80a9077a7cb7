import type { LogIdentity } from '#audit';
import { keysOfLog } from '#audit';
import { LeafRuns, boundedLog } from '#audit-log';
import { Keys, openKeyManagement, PostgresSubjectKeyStore, PostgresTenantKeyStore } from '#keys';
import type { ObjectStore } from '#object-store';
import { openObjectStore } from '#object-store';
import { MonthReader } from '#retention';
import { join } from 'node:path';
import type { Pool } from 'pg';

import { openOperator } from '../operator/index.js';
import { operatorConfiguration } from '../operator/configuration.js';

/** How long the archive may not be changed or deleted by anybody, where its store can promise that. */
const archiveYears = 7;

/** The store that RETENTION_ARCHIVE names, `archive` in the data directory by default. Throws ConfigurationError. */
export const openArchive = (given: NodeJS.ProcessEnv): ObjectStore => {
  const { dataDirectory } = operatorConfiguration(given);
  const location = (given.RETENTION_ARCHIVE ?? '') === '' ? join(dataDirectory, 'archive') : given.RETENTION_ARCHIVE;
  return openObjectStore(location ?? '', { retention: { years: archiveYears } });
};

/** What copies are verified with. */
export interface CopyRoom {
  archive: ObjectStore;
  auditLog: ObjectStore;
  /** Whose checkpoints of the audit log are believed. */
  identity: LogIdentity;
  /** Acts as the operator. */
  operator: Pool;
}

/** What archiving works with. */
export interface ArchiveRoom extends CopyRoom {
  reader: MonthReader;
  /** Acts as an analyst, who reads the events of every tenant. */
  analyst: Pool;
}

/** Works with the archive and the audit log that the settings name. Throws ConfigurationError for a wrong setting. */
export const withArchive = async (
  given: NodeJS.ProcessEnv,
  work: (room: ArchiveRoom) => Promise<void>,
): Promise<void> => {
  const { environment, kms: settings, audit } = operatorConfiguration(given);
  const archive = openArchive(given);
  const auditLog = boundedLog(openObjectStore(audit.log));
  const operator = openOperator(given, 'billing_operator', { max: 2, statementTimeoutMs: 0 });
  const analyst = openOperator(given, 'billing_analyst', { max: 2, statementTimeoutMs: 0 });
  try {
    const keys = new Keys({
      app: 'operator',
      environment,
      kms: await openKeyManagement(settings, environment),
      tenantKeys: new PostgresTenantKeyStore(operator),
      subjectKeys: new PostgresSubjectKeyStore(operator),
    });
    const identity = await identityOf(auditLog, audit.origin);
    const reader = new MonthReader(analyst, new LeafRuns(operator), keys);
    await work({ archive, auditLog, identity, reader, operator, analyst });
  } finally {
    await Promise.all([operator.end(), analyst.end()]);
  }
};

/** Works with copies as they are, and opens no key. Throws ConfigurationError for a wrong setting. */
export const withCopies = async (given: NodeJS.ProcessEnv, work: (room: CopyRoom) => Promise<void>): Promise<void> => {
  const { audit } = operatorConfiguration(given);
  const [archive, auditLog] = [openArchive(given), boundedLog(openObjectStore(audit.log))];
  const identity = await identityOf(auditLog, audit.origin);
  const operator = openOperator(given, 'billing_operator', { max: 1 });
  try {
    await work({ archive, auditLog, identity, operator });
  } finally {
    await operator.end();
  }
};

/** Whose checkpoints are believed in the archive: the audit log's that the settings name. Throws ConfigurationError for a wrong setting. */
export const openIdentity = (given: NodeJS.ProcessEnv): Promise<LogIdentity> => {
  const { audit } = operatorConfiguration(given);
  return identityOf(boundedLog(openObjectStore(audit.log)), audit.origin);
};

/** Every key that the audit log has had: a month may have been begun under a checkpoint of one that was retired since. */
const identityOf = async (auditLog: ObjectStore, origin: string): Promise<LogIdentity> => {
  const identity = await keysOfLog(auditLog);
  if (!identity)
    throw new Error(
      `${auditLog.name} has no published audit log: name it in AUDIT_LOG, or start the anchor, which writes it`,
    );
  if (identity.origin !== origin)
    throw new Error(
      `${auditLog.name} has the log of ${identity.origin}, not of ${origin} (AUDIT_ORIGIN): name the other`,
    );
  return identity;
};
