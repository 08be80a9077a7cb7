import type { ObjectVersion } from '@aws-sdk/client-s3';
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { ObjectStoreUnavailable, ObjectStoreUnfit, S3Store } from '#object-store';
import { itKeepsFiles } from '../../libs/object-store/testing/object-store-contract.js';
import type { Emulator } from '../kms/emulators.js';
import { describeWith, startEmulator } from '../kms/emulators.js';
import type { FaultProxy } from '../kms/fault-proxy.js';
import { faults, startFaultProxy } from '../kms/fault-proxy.js';
import type { EmulatedBuckets } from './buckets.js';
import { openBuckets } from './buckets.js';

const text = Buffer.from('a checkpoint');
const years = 7;
const conflict = { xml: { status: 409, code: 'ConditionalRequestConflict' } };

(await describeWith('moto-s3'))('a bucket of S3 as moto plays it', () => {
  let emulator: Emulator;
  let proxy: FaultProxy;
  let buckets: EmulatedBuckets;
  let at = 0;
  const open = (
    bucket: string,
    more: { retention?: { years: number }; tryTimeout_ms?: number; pageLimit?: number } = {},
  ): S3Store => new S3Store({ bucket, prefix: `log/${String(at)}/`, endpoint: proxy.url, ...more });

  beforeAll(async () => {
    emulator = await startEmulator('moto-s3');
    proxy = await startFaultProxy(emulator.endpoint);
    buckets = openBuckets(emulator.endpoint);
    await buckets.make('plain-bucket');
    await buckets.make('locked-bucket', { lock: true });
  }, 60_000);
  beforeEach(() => {
    at += 1;
    proxy.set(undefined);
  });
  afterAll(async () => {
    await proxy.close();
    await emulator.close();
  });

  describe('without retention', () => {
    itKeepsFiles({ open: () => open('plain-bucket'), openAgain: () => open('plain-bucket') });
  });

  describe('with retention', () => {
    const keeping = (): S3Store => open('locked-bucket', { retention: { years } });
    const keyOf = (path: string): string => `log/${String(at)}/${path}`;
    const onlyVersionOf = async (path: string): Promise<ObjectVersion> => {
      const listed = await buckets.admin.send(
        new ListObjectVersionsCommand({ Bucket: 'locked-bucket', Prefix: keyOf(path) }),
      );
      expect(listed.Versions).toHaveLength(1);
      return listed.Versions?.[0] as ObjectVersion;
    };

    // moto takes a KeyMarker for the key of a version, S3 for any place in the order of keys.
    itKeepsFiles({ open: keeping, openAgain: keeping, retains: true, listsAfterAnything: false });

    it('keeps what is written for seven years, whoever asks to delete it', async () => {
      await keeping().create('checkpoints/000', text);
      const { Key, VersionId } = await onlyVersionOf('checkpoints/000');
      const version = { Bucket: 'locked-bucket', Key, VersionId };
      const lockOf = async () => {
        const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = await buckets.admin.send(
          new HeadObjectCommand(version),
        );
        return { mode, until: Number(until) };
      };
      const lock = await lockOf();
      expect(lock.mode).toBe('COMPLIANCE');
      const expected = new Date();
      expected.setUTCFullYear(expected.getUTCFullYear() + years);
      expect(Math.abs(lock.until - Number(expected))).toBeLessThan(60_000);

      await expect(
        buckets.admin.send(new DeleteObjectCommand({ ...version, BypassGovernanceRetention: true })),
      ).rejects.toMatchObject({ name: 'AccessDenied' });
      expect(Buffer.from((await keeping().read('checkpoints/000')) ?? '')).toEqual(text);
    });

    it('reads and lists what was written first, whatever was laid over it since', async () => {
      const paths = ['checkpoints/000', 'checkpoints/000/1', 'checkpoints/001', 'checkpoints/002'];
      for (const path of paths) await keeping().create(path, Buffer.from(path));
      const [hidden, , overwritten] = paths.map(keyOf);
      await buckets.admin.send(new DeleteObjectCommand({ Bucket: 'locked-bucket', Key: hidden }));
      for (let time = 0; time < 3; time += 1)
        await buckets.admin.send(new PutObjectCommand({ Bucket: 'locked-bucket', Key: overwritten, Body: 'another' }));
      const store = open('locked-bucket', { retention: { years }, pageLimit: 2 });
      for (const path of paths) {
        expect(await store.create(path, text)).toBe('exists');
        expect(Buffer.from((await store.read(path)) ?? '').toString()).toBe(path);
      }
      expect(await store.list('checkpoints/', { limit: 10 })).toEqual(paths);
      expect(await store.list('checkpoints/', { limit: 3 })).toEqual(paths.slice(0, 3));
      await expect(store.replace('checkpoints/000', text)).rejects.toThrow('nothing is replaced there');
    });

    it('refuses a bucket without Object Lock before anything is read or written, and says what to do', async () => {
      const store = open('plain-bucket', { retention: { years } });
      for (const use of [store.create('a', text), store.read('a'), store.list('', { limit: 1 })]) {
        const refusal: unknown = await use.catch((error: unknown) => error);
        expect(refusal).toBeInstanceOf(ObjectStoreUnfit);
        expect(String(refusal)).toContain('the bucket plain-bucket has no Object Lock');
      }
      expect(await open('plain-bucket').read('a')).toBeUndefined();
    });
  });

  it('names bucket, key and trouble of a bucket that is not there, and no secret', async () => {
    const store = open('no-such-bucket');
    const refusal: unknown = await store.read('tile/0/000').catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ObjectStoreUnavailable);
    expect(refusal).toMatchObject({
      message: `cannot read s3://no-such-bucket/log/${String(at)}/tile/0/000 (NoSuchBucket)`,
      trouble: 'NoSuchBucket',
    });
    await expect(store.create('a', text)).rejects.toThrow('(NoSuchBucket)');
    await expect(store.list('', { limit: 1 })).rejects.toThrow('(NoSuchBucket)');
  });

  it.each([
    ['is away', faults.unreachable, /^(ECONNRESET|Error|TimeoutError)$/],
    ['does not answer', faults.timeout, /^TimeoutError$/],
    ['asks for patience', { xml: { status: 503, code: 'SlowDown' } }, /^SlowDown$/],
    ['meets other writers without end', conflict, /^ConditionalRequestConflict$/],
  ])('says so in bounded time when it %s, and works once it is well', async (_, fault, trouble) => {
    const store = open('plain-bucket', { tryTimeout_ms: fault === faults.timeout ? 150 : 2_000 });
    proxy.set(fault);
    proxy.asked.length = 0;
    const unavailable = { code: 'object_store_unavailable', trouble: expect.stringMatching(trouble) as string };
    await Promise.all([
      expect(store.create('a', text)).rejects.toMatchObject(unavailable),
      expect(store.read('a')).rejects.toMatchObject(unavailable),
      expect(store.list('', { limit: 1 })).rejects.toMatchObject(unavailable),
    ]);
    expect(proxy.asked.length).toBeLessThanOrEqual(15);
    expect(proxy.asked.length).toBeGreaterThan(3);
    proxy.set(undefined);
    expect(await store.create('a', text)).toBe('created');
  });

  it('does not try again what it was refused', async () => {
    const store = open('plain-bucket');
    proxy.set({ xml: { status: 403, code: 'AccessDenied' } });
    proxy.asked.length = 0;
    await expect(store.create('a', text)).rejects.toMatchObject({ trouble: 'AccessDenied' });
    expect(proxy.asked).toHaveLength(1);
  });

  it('goes on where another writer was in the way for a moment', async () => {
    const store = open('plain-bucket');
    proxy.set(conflict);
    setTimeout(() => {
      proxy.set(undefined);
    }, 20);
    expect(await store.create('a', text)).toBe('created');
  });

  it('lists more than one page of S3 has', async () => {
    const paths = Array.from({ length: 25 }, (_, number) => `n/${String(number).padStart(4, '0')}`);
    const store = open('plain-bucket', { pageLimit: 10 });
    await Promise.all(paths.map((path) => store.create(path, text)));
    expect(await store.list('n/', { limit: 5_000 })).toEqual(paths);
    expect(await store.list('n/', { after: 'n/0001', limit: 12 })).toEqual(paths.slice(2, 14));
  });

  it('sends nothing over plain HTTP but to this machine', async () => {
    const store = new S3Store({ bucket: 'plain-bucket', prefix: '', endpoint: 'http://192.0.2.1:9000' });
    await expect(store.read('a')).rejects.toMatchObject({ trouble: 'PlainHttpRefused' });
  });
});
