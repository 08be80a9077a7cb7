import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { RefusedToStart } from './refusal.js';

/** What a run writes down about itself, for the one that finds the data taken. */
interface RunRecord {
  pid: number;
  startedAt: string;
  url?: string;
  /** An administrator's URL of the embedded database, for the operator's tools; the file is for its owner's eyes alone. */
  databaseUrl?: string;
}

/** The hold of one run on its data directory. */
export interface DataLock {
  /** whether the run before ended without releasing it: killed, or the machine lost power */
  readonly afterKill: boolean;
  /** Tells those who are refused where this run serves, and the operator's tools where the embedded database is. */
  announce(where: Pick<RunRecord, 'url' | 'databaseUrl'>): void;
  /** Gives the directory back; repeatable. */
  release(): void;
}

const readRecord = (file: string): RunRecord | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as RunRecord;
  } catch {
    return undefined; // none, or cut off while it was written
  }
};

/**
 * Takes the data directory for this process, made with mode 0700 if missing. The lock is one of the kernel's, held through
 * SQLite on an empty file: it ends with the process however that ends, so there is no stale one to judge. (Such a lock also
 * ends when the process closes any other handle of that file: nothing else opens it.)
 * @throws RefusedToStart when another process holds it, or the directory cannot be written
 */
export const lockDataDirectory = (dataDirectory: string): DataLock => {
  const recordFile = join(dataDirectory, 'run.json');
  let lock: DatabaseSync;
  try {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(dataDirectory, 'lock'), { timeout: 0 });
  } catch (error) {
    throw new RefusedToStart(`cannot use the data directory ${dataDirectory}: ${(error as Error).message}`);
  }
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (!/locked|busy/i.test((error as Error).message)) {
      throw new RefusedToStart(`cannot use the data directory ${dataDirectory}: ${(error as Error).message}`);
    }
    throw new RefusedToStart(inUse(dataDirectory, readRecord(recordFile)));
  }

  chmodSync(join(dataDirectory, 'lock'), 0o600);
  const afterKill = readRecord(recordFile) !== undefined;
  const record: RunRecord = { pid: process.pid, startedAt: new Date().toISOString() };
  const write = (): void => {
    writeFileSync(recordFile, JSON.stringify(record), { mode: 0o600 });
  };
  write();
  return {
    afterKill,
    announce(where) {
      Object.assign(record, where);
      write();
    },
    release() {
      if (!lock.isOpen) return;
      rmSync(recordFile, { force: true });
      lock.close();
    },
  };
};

const inUse = (dataDirectory: string, holder: RunRecord | undefined): string => {
  const who = holder === undefined ? '' : ` by process ${holder.pid} since ${holder.startedAt}`;
  const where = holder?.url === undefined ? '' : ` (${holder.url})`;
  return `the data in ${dataDirectory} is in use${who}${where}: stop that one, or set BILLING_DATA_DIR to another folder`;
};
