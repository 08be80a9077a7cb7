import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FileMissing, checkpointPath, emptyRoot, formatEntry, formatVerifierKey } from '#audit';
import { sampleEntries, signerOf } from '#audit/testing';
import type { ObjectStore } from '#object-store';
import { DirectoryStore } from '#object-store';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { SealedTree } from '../sealing/tree.js';
import { Overtaken } from '../stopped.js';
import { SilentObserver } from '../testing/silent-observer.js';
import type { PublicationOptions } from './publication.js';
import { Publication } from './publication.js';

const origin = 'test.example/audit';
const signer = signerOf(origin, 7);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

let directory: string;
let store: DirectoryStore;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'billing-publication-'));
  store = new DirectoryStore(directory);
});
afterEach(() => rm(directory, { recursive: true }));

const publication = (changes: Partial<PublicationOptions> = {}): Publication =>
  new Publication({
    pool: database.pool('billing_merkle_anchor'),
    ...{ store, origin, anchors: [], observer: new SilentObserver() },
    signers: { current: () => Promise.resolve([signer]) },
    witnesses: { cosign: (note) => Promise.resolve(note) },
    announce: () => undefined,
    keyReceipts: { published: () => Promise.resolve() },
    assertMayWrite: () => undefined,
    ...changes,
  });

/** A tree of steps that are sealed and not published: of so many leaves each, every leaf a run of its own. */
const treeOf = async (steps: number, leaves: number): Promise<SealedTree> => {
  const tree = await SealedTree.resume(store, { size: 0, root: emptyRoot });
  const entries = sampleEntries(steps * leaves);
  for (let size = 0; size < entries.length; size += leaves) {
    const added = entries.slice(size, size + leaves);
    for (const { path, bytes } of tree.append(added.map(formatEntry))) await store.create(path, bytes);
    const runs = added.map(({ shard, position }) => ({ shard, position, count: 1 }));
    tree.sealed({ size, runs, root: tree.head().root });
  }
  return tree;
};

const read = async (path: string): Promise<string> => Buffer.from((await store.read(path)) ?? []).toString();

it('wherever a publication is cut short, what it has told Postgres ends where a step does', async () => {
  const leaves = 48; // no part of 10,000, nor of 1,000
  const tree = await treeOf(250, leaves);
  const pool = database.pool('billing_merkle_anchor');
  let inserts = 0;
  const query = (...given: unknown[]): unknown => {
    inserts += 1;
    if (inserts === 2) return Promise.reject(new Error('killed'));
    return pool.query(...(given as Parameters<typeof pool.query>));
  };
  await expect(publication({ pool: { query } as unknown as typeof pool }).publish(tree)).rejects.toThrow('killed');
  const { rows } = await database.admin.query<{ leaves: number }>(
    'select sum(count)::integer as leaves from billing.audit_leaf_run',
  );
  const told = rows[0]?.leaves ?? 0;
  expect(told).toBeGreaterThan(0);
  expect(told % leaves).toBe(0);
});

describe('what readers are given', () => {
  it('is looked at with one read of each of its two files; keys that are not there are written again, whoever changed them', async () => {
    const reads: string[] = [];
    const counted: ObjectStore = {
      name: store.name,
      read: (path) => {
        reads.push(path);
        return store.read(path);
      },
      create: (path, bytes) => store.create(path, bytes),
      replace: (path, bytes) => store.replace(path, bytes),
      list: (prefix, options) => store.list(prefix, options),
    };
    const ours = publication({ store: counted });
    const tree = await treeOf(1, 5);
    const head = await ours.publish(tree);
    reads.length = 0;
    expect(await ours.heal(head, head)).toBe(true);
    expect(reads.sort()).toEqual([checkpointPath, 'vkey']);
    expect(await ours.heal({ ...head, size: 6 }, head)).toBe(false);
    const vkeys = await read('vkey');
    await store.replace('vkey', Buffer.from(`${formatVerifierKey(signerOf(origin, 8).key)}\n`));
    expect(await ours.heal(head, head)).toBe(false);
    await ours.publish(tree);
    expect(await read('vkey')).toBe(vkeys);
    expect(await ours.heal(head, head)).toBe(true);
  });

  it('is told by one that has published nothing itself yet, and changed by no other way than a publication', async () => {
    const tree = await treeOf(1, 5);
    const head = await publication().publish(tree);
    const next = publication();
    expect(await next.heal(head, head)).toBe(true);
    await store.replace(checkpointPath, Buffer.from('garbage'));
    expect(await next.heal(head, head)).toBe(false);
    expect(await read(checkpointPath)).toBe('garbage');
    await next.publish(tree);
    expect(await next.heal(head, head)).toBe(true);
  });

  it('is not touched by one that lost its lease while it asked who signs', async () => {
    await publication().publish(await treeOf(1, 5));
    let isOurs = true;
    const late = publication({
      signers: {
        current: () => {
          isOurs = false;
          return Promise.resolve([signerOf(origin, 8)]);
        },
      },
      assertMayWrite: () => {
        if (!isOurs) throw new Overtaken('another has the lease');
      },
    });
    await expect(late.publish(await treeOf(1, 5))).rejects.toThrow(Overtaken);
    expect(await read('vkey')).toBe(`${formatVerifierKey(signer.key)}\n`);
  });
});

it('a tile that is lost, and without which no witness can be shown what is new, stops the signing', async () => {
  const tree = await treeOf(3, 200);
  await tree.flush();
  const witnesses: PublicationOptions['witnesses'] = {
    cosign: async (note, _head, consistencyFrom) => {
      await consistencyFrom(300);
      return note;
    },
  };
  await publication({ witnesses }).publish(tree);
  await rm(join(directory, 'tile/0/001'));
  const stopped = publication({ witnesses }).publish(tree);
  await expect(stopped).rejects.toMatchObject({ code: 'sealing_stopped', reason: 'file_changed' });
  await expect(stopped).rejects.toThrow('tile/0/001');
});

it('a tile that is lost, and without which a key has no receipt, stops the signing', async () => {
  const lost = new FileMissing('tile/0/001');
  const keyReceipts = { published: () => Promise.reject(lost) };
  const stopped = publication({ keyReceipts }).publish(await treeOf(1, 5));
  await expect(stopped).rejects.toMatchObject({ reason: 'file_changed', cause: lost });
});

it('a checkpoint of the same size that is not the published one is put back as it was, without a signature or a witness', async () => {
  let asked = 0;
  const ours = publication({
    witnesses: {
      cosign: (note) => {
        asked += 1;
        return asked === 1 ? Promise.resolve(note) : Promise.reject(new Error('the witness is away'));
      },
    },
  });
  const head = await ours.publish(await treeOf(1, 5));
  const published = await read(checkpointPath);
  for (const other of [published.replace(/\n5\n.{6}/, '\n5\nAAAAAA'), 'garbage']) {
    await store.replace(checkpointPath, Buffer.from(other));
    expect(await ours.heal(head, head)).toBe(true);
    expect(await read(checkpointPath)).toBe(published);
  }
  expect(asked).toBe(1);
});
