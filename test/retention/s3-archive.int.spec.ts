import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { ObjectVersion } from '@aws-sdk/client-s3';
import { S3Store } from '#object-store';
import { archivedMonths, archiveMonth, CopyDiffers, monthsToArchive, removeExpired, writeDown } from '#retention';

import { someMoney } from '../../libs/projections/testing/projected.js';
import type { Emulator } from '../kms/emulators.js';
import { describeWith, startEmulator } from '../kms/emulators.js';
import type { EmulatedBuckets } from '../object-store/buckets.js';
import { openBuckets } from '../object-store/buckets.js';
import type { OldLog } from './old-log.js';
import { openOldLog } from './old-log.js';

const bucket = 'archive-bucket';
const years = 7;

(await describeWith('moto-s3'))('an archive in a bucket with Object Lock, as moto plays it', () => {
  let emulator: Emulator;
  let buckets: EmulatedBuckets;
  let old: OldLog;
  let archive: S3Store;
  beforeAll(async () => {
    [emulator, old] = await Promise.all([startEmulator('moto-s3'), openOldLog()]);
    buckets = openBuckets(emulator.endpoint);
    await buckets.make(bucket, { lock: true });
    await buckets.make('plain-bucket');
    archive = storeIn(bucket);
    const { writer, tenantId } = old.projected;
    await writer.write(someMoney(tenantId, 5));
    await old.age(8, 0);
    await writer.write(someMoney(tenantId, 1));
    await old.projected.project();
    await old.seal();
  }, 60_000);
  afterAll(async () => {
    await old.close();
    await emulator.close();
  });

  const storeIn = (name: string): S3Store =>
    new S3Store({ bucket: name, prefix: 'billing/', endpoint: emulator.endpoint, retention: { years } });

  /** Archives the one month there is. */
  const archiveInto = async (store: S3Store) => {
    const log = { files: old.auditLog, identity: old.identity };
    for (const month of await monthsToArchive(old.analyst, await archivedMonths(old.operator))) {
      const extent = await old.reader.extentOf(month);
      if (extent)
        return archiveMonth({ store, reader: old.reader, log, eventsPerFile: 10 }, month, extent, () => undefined);
    }
    throw new Error('there is nothing to archive');
  };
  const versions = async (): Promise<ObjectVersion[]> =>
    (await buckets.admin.send(new ListObjectVersionsCommand({ Bucket: bucket }))).Versions ?? [];

  it('is refused where the bucket has no Object Lock, before anything is written', async () => {
    await expect(archiveInto(storeIn('plain-bucket'))).rejects.toThrow('the bucket plain-bucket has no Object Lock');
  });

  it('is written once and read back, and nobody deletes a file of it for seven years', async () => {
    const archived = await archiveInto(archive);
    expect(archived.manifest.events).toBe(24);
    const written = await versions();
    expect(written).toHaveLength(archived.manifest.files.length + 1);
    for (const { Key, VersionId } of written) {
      const version = { Bucket: bucket, Key, VersionId };
      const head = await buckets.admin.send(new HeadObjectCommand(version));
      expect([Key, head.ObjectLockMode]).toEqual([Key, 'COMPLIANCE']);
      expect(head.ObjectLockRetainUntilDate?.getUTCFullYear()).toBe(new Date().getUTCFullYear() + years);
      await expect(
        buckets.admin.send(new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true })),
      ).rejects.toMatchObject({ name: 'AccessDenied' });
    }
    expect((await archiveInto(archive)).sha256).toEqual(archived.sha256); // an interrupted run goes on
    expect(await versions()).toHaveLength(written.length);
    await writeDown(old.operator, archive.name, archived);
  });

  it('is what the removal looks at, whatever was laid over its files since', async () => {
    const [month] = await archivedMonths(old.operator);
    const written = await versions();
    for (const { Key } of written)
      await buckets.admin.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'another' }));
    await buckets.admin.send(new DeleteObjectCommand({ Bucket: bucket, Key: `billing/${month?.manifest ?? ''}` }));
    const elsewhere = new S3Store({ bucket, prefix: 'other/', endpoint: emulator.endpoint, retention: { years } });
    await expect(
      removeExpired(old.retention, { store: elsewhere, identity: old.identity, dryRun: false }),
    ).rejects.toThrow(CopyDiffers);
    expect(await removeExpired(old.retention, { store: archive, identity: old.identity, dryRun: false })).toEqual({
      removed: 24,
      kept: {},
    });
  });
});
