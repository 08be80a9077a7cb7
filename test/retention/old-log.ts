import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { checkpointPath, entryOf, formatCheckpoint, formatEntry, signNote, TiledLog } from '#audit';
import type { LogIdentity, NoteSigner } from '#audit';
import { LeafRuns, openingOf, readAudited } from '#audit-log';
import { Keys, LocalKeyManagement, PostgresSubjectKeyStore, PostgresTenantKeyStore } from '#keys';
import { openObjectStore } from '#object-store';
import type { ObjectStore } from '#object-store';
import pg from 'pg';

import { signerOf } from '../../libs/audit/testing/keys.js';
import { changeLog } from '../database/change-log.js';
import type { Projected } from '../../libs/projections/testing/projected.js';
import { openProjected } from '../../libs/projections/testing/projected.js';
import { MonthReader } from '#retention';

const origin = 'example.com/retention';

/** A log that is as if it had been written years ago, sealed, with an empty archive. */
export interface OldLog {
  projected: Projected;
  /** Folders of the audit log and of the archive. */
  directory: string;
  auditLog: ObjectStore;
  archive: ObjectStore;
  identity: LogIdentity;
  signer: NoteSigner;
  reader: MonthReader;
  operator: pg.Pool;
  analyst: pg.Pool;
  retention: pg.Pool;
  /** Has events recorded as many years and days ago, all of them or those of some streams. */
  age(years: number, days: number, streamIds?: readonly string[]): Promise<void>;
  /** Seals every event there is and publishes a checkpoint. */
  seal(): Promise<void>;
  close(): Promise<void>;
}

export const openOldLog = async (): Promise<OldLog> => {
  const projected = await openProjected();
  const { database } = projected;
  const directory = await mkdtemp(join(tmpdir(), 'billing-retention-'));
  const actingAs = (role: string): pg.Pool => {
    const pool = new pg.Pool({ connectionString: database.adminUrl, max: 3, options: `-c role=${role}` });
    pool.on('error', () => undefined); // the database is dropped under idle clients
    return pool;
  };
  const [operator, analyst, retention] = ['billing_operator', 'billing_analyst', 'billing_retention'].map(actingAs) as [
    pg.Pool,
    pg.Pool,
    pg.Pool,
  ];
  const kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' });
  const keys = new Keys({
    app: 'operator',
    environment: 'test',
    kms,
    tenantKeys: new PostgresTenantKeyStore(operator),
    subjectKeys: new PostgresSubjectKeyStore(operator),
  });
  const auditLog = openObjectStore(join(directory, 'log'));
  const signer = signerOf(origin, 7);
  const tree = new TiledLog();
  const sealed = new Map<number, number>();
  const seal = async (): Promise<void> => {
    const shards = Array.from({ length: 16 }, (_, shard) => shard);
    const from = new Map(shards.map((shard) => [shard, sealed.get(shard) ?? 0]));
    const events = await readAudited(analyst, from, 100_000);
    const first = tree.head().size;
    const entries: Uint8Array[] = [];
    for (const event of events) {
      const saltOf = await keys.auditSalts(event.tenantId);
      entries.push(formatEntry(entryOf(openingOf(event, saltOf(event.eventId)))));
      sealed.set(event.shard, event.position);
    }
    for (const { path, bytes } of tree.append(entries)) await auditLog.replace(path, bytes);
    const note = await signNote(formatCheckpoint({ origin, ...tree.head(), extensions: [] }), [signer]);
    await auditLog.replace(checkpointPath, Buffer.from(note));
    const runs = events.map(({ shard, position }, at) => ({ shard, position, count: 1, index: first + at }));
    await new LeafRuns(database.admin).insert(runs);
  };
  return {
    projected,
    directory,
    auditLog,
    archive: openObjectStore(join(directory, 'archive')),
    identity: { origin, keys: [signer.key] },
    signer,
    reader: new MonthReader(analyst, new LeafRuns(operator), keys),
    operator,
    analyst,
    retention,
    age: (years, days, streamIds) =>
      changeLog(
        database.admin,
        `update billing.event set recorded_at = now() - make_interval(years => $1, days => $2) where $3::text[] is null or stream_id = any ($3)`,
        [years, days, streamIds ?? null],
      ),
    seal,
    close: async () => {
      await Promise.all([operator.end(), analyst.end(), retention.end()]);
      await projected.close();
      await rm(directory, { recursive: true });
    },
  };
};
