import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { signerOf } from '#audit/testing';
import type { ObjectStore } from '#object-store';
import { DirectoryStore, S3Store } from '#object-store';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';

import type { Emulator } from '../../../test/kms/emulators.js';
import { describeWith, startEmulator } from '../../../test/kms/emulators.js';
import type { EmulatedBuckets } from '../../../test/object-store/buckets.js';
import { openBuckets } from '../../../test/object-store/buckets.js';
import { checkpointPathOf, sizeOfPath } from './checkpoint-path.js';
import { ObjectStoreAnchor } from './object-store-anchor.js';
import { headOf, itKeepsCheckpoints, origin, signedHead } from './testing/anchor-contract.js';

const keepAll = async (anchor: ObjectStoreAnchor, sizes: readonly number[]): Promise<void> => {
  await Promise.all(sizes.map(async (size) => anchor.keep(headOf(size), await signedHead(headOf(size)))));
};

describe('where an anchor keeps a checkpoint', () => {
  it('is a path for each size, in the order of sizes', () => {
    expect(checkpointPathOf(12_345)).toBe('checkpoints/000/000/000/012/345');
    const sizes = [0, 1, 9, 10, 999, 1_000, 999_999, 1_000_000, 10 ** 15 - 1];
    const paths = sizes.map(checkpointPathOf);
    expect([...paths].sort()).toEqual(paths);
    expect(paths.map(sizeOfPath)).toEqual(sizes);
    for (const size of [-1, 0.5, 10 ** 15]) expect(() => checkpointPathOf(size)).toThrow(RangeError);
    for (const path of ['checkpoints/1', 'checkpoints/000/000/000/012/345/x']) expect(sizeOfPath(path)).toBeUndefined();
  });
});

describe('a folder as an anchor', () => {
  let folder: string;
  let at = 0;
  const place = () => join(folder, String(at));
  const open = () => new ObjectStoreAnchor(new DirectoryStore(place()));
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anchors-'));
  });
  beforeEach(() => {
    at += 1;
  });
  afterAll(() => rm(folder, { recursive: true }));

  itKeepsCheckpoints(open);

  it('finds the newest among many without a pointer that could be set back, and without looking at all of them', async () => {
    const sizes = Array.from({ length: 200 }, (_, each) => 1 + each * 7 + (each % 5) * 1_000_003);
    await keepAll(open(), sizes);
    let lists = 0;
    const store = new DirectoryStore(place());
    const counted: ObjectStore = {
      name: store.name,
      read: (path) => store.read(path),
      create: (path, bytes) => store.create(path, bytes),
      replace: (path, bytes) => store.replace(path, bytes),
      list: (prefix, options) => {
        lists += 1;
        return store.list(prefix, options);
      },
    };
    const anchor = new ObjectStoreAnchor(counted, { pageLimit: 10 });
    expect(await anchor.newest()).toBe(await signedHead(headOf(Math.max(...sizes))));
    expect(lists).toBeLessThan(60);
    lists = 0;
    await anchor.newest();
    expect(lists).toBe(1);
    await keepAll(open(), [10 ** 15 - 1]);
    expect(await anchor.newest()).toBe(await signedHead(headOf(10 ** 15 - 1)));
  });

  it('goes on from what is left of it, and tells, when an older copy of it was put in its place under a running process', async () => {
    const lost: number[] = [];
    const anchor = new ObjectStoreAnchor(new DirectoryStore(place()), { lost: (size) => lost.push(size) });
    await keepAll(anchor, [10, 20]);
    await rm(join(place(), checkpointPathOf(20)));
    expect(await anchor.newest()).toBe(await signedHead(headOf(10)));
    expect(lost).toEqual([20]);
    await keepAll(anchor, [30]);
    expect(await anchor.newest()).toBe(await signedHead(headOf(30)));
    await rm(place(), { recursive: true });
    expect(await anchor.newest()).toBeUndefined();
    expect(lost).toEqual([20, 30]);
  });

  it.each([
    ['more', 40],
    ['fewer', 5],
    ['as many', 10],
  ])('is refused to the second of two logs that begin there at once, with %s leaves', async (_, size) => {
    const [first, second] = [open(), open()];
    expect([await first.newest(), await second.newest()]).toEqual([undefined, undefined]);
    await keepAll(first, [10, 20]);
    const another = second.keep(
      headOf(size),
      await signedHead(headOf(size), [signerOf('other.example', 2)], 'other.example'),
    );
    await expect(another).rejects.toMatchObject({ code: 'anchored_fork' });
    await expect(another).rejects.toThrow(`checkpoint of another log, ${origin}`);
  });

  it('does not pass over a file that is no checkpoint, and names it', async () => {
    await keepAll(open(), [5]);
    await new DirectoryStore(place()).create('checkpoints/zzz', Buffer.from('mine'));
    await expect(open().newest()).rejects.toThrow(`${place()}/checkpoints/zzz: it has no name of a checkpoint`);
  });

  it('names a file that is too large to read, and tells that the checkpoint which was there is lost', async () => {
    const lost: number[] = [];
    const store = new DirectoryStore(place());
    const running = new ObjectStoreAnchor(store, { lost: (size) => lost.push(size) });
    const asked = new ObjectStoreAnchor(store, { lost: (size) => lost.push(size) });
    await keepAll(running, [10, 20]);
    await store.replace(checkpointPathOf(20), Buffer.alloc(1_000_001));
    await asked.lookFor(20);
    expect(lost).toEqual([20]);
    const named = { code: 'audit_malformed', message: expect.stringContaining(checkpointPathOf(20)) as string };
    await expect(running.newest()).rejects.toMatchObject(named);
    expect(lost).toEqual([20, 20]);
    await expect(keepAll(open(), [20])).rejects.toMatchObject(named);
  });

  it('refuses to go on over a file of that size that is no checkpoint', async () => {
    await new DirectoryStore(place()).create(checkpointPathOf(5), Buffer.from('garbage'));
    await expect(keepAll(open(), [5])).rejects.toMatchObject({ code: 'audit_malformed' });
  });
});

(await describeWith('moto-s3'))('a bucket with Object Lock as an anchor', () => {
  let emulator: Emulator;
  let buckets: EmulatedBuckets;
  let at = 0;
  const bucket = 'anchors';
  const prefix = () => `anchor/${String(at)}/`;
  const store = () => new S3Store({ bucket, prefix: prefix(), retention: { years: 7 }, endpoint: emulator.endpoint });
  const open = () => new ObjectStoreAnchor(store());
  beforeAll(async () => {
    emulator = await startEmulator('moto-s3');
    buckets = openBuckets(emulator.endpoint);
    await buckets.make(bucket, { lock: true });
  }, 60_000);
  beforeEach(() => {
    at += 1;
  });
  afterAll(() => emulator.close());

  itKeepsCheckpoints(open);

  it('still tells the newest when somebody hides it or writes another over it', async () => {
    await keepAll(open(), [10, 20, 3_000]);
    const kept = await signedHead(headOf(3_000));
    const Key = `${prefix()}${checkpointPathOf(3_000)}`;
    const forged = await signedHead(headOf(3_000, 'another'));
    await buckets.admin.send(new PutObjectCommand({ Bucket: bucket, Key, Body: forged }));
    expect(await open().newest()).toBe(kept);
    await buckets.admin.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    expect(await open().newest()).toBe(kept);
    const another = open().keep(headOf(3_000, 'another'), forged);
    await expect(another).rejects.toMatchObject({ code: 'anchored_fork' });
  });

  it('is refused without Object Lock', async () => {
    await buckets.make('unlocked');
    const store = new S3Store({ bucket: 'unlocked', prefix: '', retention: { years: 7 }, endpoint: emulator.endpoint });
    await expect(new ObjectStoreAnchor(store).newest()).rejects.toThrow('Object Lock');
  });
});
