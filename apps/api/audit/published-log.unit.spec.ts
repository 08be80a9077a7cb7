import { checkpointPath, formatVerifierKey, inclusionProof, rootOf, vkeyPath } from '#audit';
import { boundedLog } from '#audit-log';
import { DirectoryStore, ObjectStoreUnavailable } from '#object-store';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { signerOf } from '../../../libs/audit/testing/keys.js';
import type { MemoryLogFiles } from '../../../libs/audit/testing/memory-log-files.js';
import { publishLog, sampleEntries, signHead } from '../../../libs/audit/testing/sample-log.js';
import { AuditLimits } from './limits.js';
import { KeptTiles } from './kept-tiles.js';
import { PublishedLog } from './published-log.js';

const signer = signerOf('example.com/log', 1);

const introduced = () => Promise.resolve([signer.key]);

/** A published log of 600 leaves, and what was read of its store. */
const published = async () => {
  const { files, log } = await publishLog(sampleEntries(600), signer);
  files.files.set(vkeyPath, Buffer.from(`${formatVerifierKey(signer.key)}\n`));
  const reads: string[] = [];
  const store = {
    read: (path: string) => {
      reads.push(path);
      return files.read(path);
    },
  };
  return { files, log, reads, store, served: new PublishedLog(store, signer.key.name, introduced) };
};
const readsOf = (reads: readonly string[], path: string): number => reads.filter((each) => each === path).length;

describe('the published log', () => {
  it('reads a checkpoint once for all who ask at once, and verifies it once', async () => {
    const { store, reads } = await published();
    let asked = 0;
    const served = new PublishedLog(store, signer.key.name, () => {
      asked += 1;
      return introduced();
    });
    const heads = await Promise.all(Array.from({ length: 50 }, () => served.head()));
    expect(new Set(heads.map((head) => head?.size))).toEqual(new Set([600]));
    expect(readsOf(reads, checkpointPath)).toBe(1);
    const head = await served.head();
    expect(head && (await rootOf(head.nodes, 600))).toEqual(head?.root);
    expect(await served.head()).toBe(head);
    expect(asked).toBe(1);
  });

  it('takes no file into memory that is larger than such a file can be, and says which', async () => {
    const { files } = await published();
    const folder = await mkdtemp(join(tmpdir(), 'published-'));
    const store = new DirectoryStore(folder);
    for (const [path, bytes] of files.files) await store.create(path, bytes);
    const open = () => new PublishedLog(boundedLog(store), signer.key.name, introduced);
    await store.replace('tile/entries/000', Buffer.alloc(10_000_000));
    const refused = {
      status: 503,
      code: 'audit_log_inconsistent',
      message: expect.stringContaining('tile/entries/000') as string,
    };
    await expect(open().tile('tile/entries/000')).rejects.toMatchObject(refused);
    expect(await open().tile('tile/entries/001')).toBeDefined();
    await store.replace(checkpointPath, Buffer.alloc(10_000_000));
    await expect(open().checkpoint()).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining(checkpointPath) as string,
    });
    await rm(folder, { recursive: true });
  });

  it('looks again where a leaf is asked for that the checkpoint at hand does not cover', async () => {
    const { served, files, log, reads } = await published();
    expect((await served.head())?.size).toBe(600);
    files.write(log.append([Buffer.from('one more')]));
    files.files.set(checkpointPath, Buffer.from(await signHead(log, signer.key.name, [signer])));
    expect((await served.head(599))?.size).toBe(600);
    expect((await served.head(600))?.size).toBe(601);
    expect(readsOf(reads, checkpointPath)).toBe(2);
  });

  it('keeps full tiles, and reads none that the checkpoint does not cover, nor what is no tile', async () => {
    const { served, files, reads } = await published();
    files.files.set('tile/0/002.p/99', Buffer.alloc(99 * 32));
    files.files.set('secret', Buffer.from('x'));
    const none = ['tile/0/002.p/99', 'tile/0/003', 'tile/2/000.p/1', 'secret', '../secret', 'interleaving/000'];
    for (const path of none) expect([path, await served.tile(path)]).toEqual([path, undefined]);
    expect(reads.filter((path) => path !== checkpointPath && path !== 'vkey')).toEqual([]);
    reads.length = 0;
    for (let at = 0; at < 3; at += 1)
      for (const path of ['tile/0/000', 'tile/entries/000', 'tile/0/002.p/88']) await served.tile(path);
    expect([readsOf(reads, 'tile/0/000'), readsOf(reads, 'tile/entries/000')]).toEqual([1, 3]);
    const head = await served.head();
    expect(head && (await inclusionProof(head.nodes, 3, head.size))).toHaveLength(10);
    expect(readsOf(reads, 'tile/0/000')).toBe(1);
  });

  it('has nothing before the first checkpoint', async () => {
    const empty = new PublishedLog({ read: () => Promise.resolve(undefined) }, signer.key.name, introduced);
    expect([await empty.checkpoint(), await empty.head(), await empty.vkeys(), await empty.tile('tile/0/000')]).toEqual(
      Array.from({ length: 4 }, () => undefined),
    );
    expect(await empty.keyHistory()).toEqual([]);
  });

  it.each<[string, (files: MemoryLogFiles) => Promise<void> | void]>([
    [
      'was signed by another key, whatever the file of the keys beside it says',
      async (files) => {
        const thief = signerOf(signer.key.name, 2);
        const { files: forged } = await publishLog(sampleEntries(601), thief);
        for (const [path, bytes] of forged.files) files.files.set(path, bytes);
        files.files.set(vkeyPath, Buffer.from(`${formatVerifierKey(thief.key)}\n`));
      },
    ],
    ['is no note', (files) => void files.files.set(checkpointPath, Buffer.from('x'))],
  ])('does not believe a checkpoint that %s', async (_, change) => {
    const { served, files } = await published();
    await change(files);
    await expect(served.head()).rejects.toMatchObject({ status: 503, code: 'audit_log_inconsistent' });
  });

  it('believes none while no key is introduced', async () => {
    const { store } = await published();
    const served = new PublishedLog(store, signer.key.name, () => Promise.resolve([]));
    await expect(served.head()).rejects.toMatchObject({ status: 503, code: 'audit_log_inconsistent' });
  });

  it('reads its tiles anew once a proof of them did not hold', async () => {
    const { served, files } = await published();
    const good = files.files.get('tile/0/000') ?? new Uint8Array();
    files.files.set('tile/0/000', good.with(3 * 32, (good[3 * 32] ?? 0) ^ 1));
    const before = await served.head();
    expect(before && (await inclusionProof(before.nodes, 2, 600))[0]).not.toEqual(good.subarray(3 * 32, 4 * 32));
    files.files.set('tile/0/000', good);
    before?.forgetTiles();
    const after = await served.head();
    expect(after && (await inclusionProof(after.nodes, 2, 600))[0]).toEqual(good.subarray(3 * 32, 4 * 32));
  });

  it('says that its store is away, and forgets that once it is back', async () => {
    const { store } = await published();
    let away = true;
    const read = (path: string) =>
      away ? Promise.reject(new ObjectStoreUnavailable('read', '/var/secret', 'EIO')) : store.read(path);
    const served = new PublishedLog({ read }, signer.key.name, introduced);
    for (const ask of [() => served.checkpoint(), () => served.head(), () => served.vkeys(), () => served.keyHistory()])
      await expect(ask()).rejects.toMatchObject({ status: 503, code: 'audit_log_unavailable' });
    away = false;
    expect((await served.head())?.size).toBe(600);
  });
});

describe('tiles that are kept', () => {
  it('are no more than so many bytes; what many ask for at once is read once', async () => {
    const { files } = await publishLog(sampleEntries(256 * 5), signer);
    const reads: string[] = [];
    const kept = new KeptTiles(
      {
        read: (path) => {
          reads.push(path);
          return files.read(path);
        },
      },
      3 * 8_192,
    );
    const paths = [0, 1, 2, 3, 4].map((index) => `tile/0/00${index}`);
    await Promise.all([...paths, ...paths].map((path) => kept.read(path)));
    expect(reads).toHaveLength(5);
    for (const path of paths.slice(2)) await kept.read(path);
    expect(reads).toHaveLength(5);
    await kept.read('tile/0/000');
    expect(reads).toHaveLength(6);
  });
});

describe('what one network may ask', () => {
  it('is counted by network, and not at all without a limit', async () => {
    const limits = new AuditLimits({ requests: 2, seconds: 60 });
    await limits.assertNetwork('192.0.2.1');
    await limits.assertNetwork('192.0.2.1');
    await expect(limits.assertNetwork('192.0.2.1')).rejects.toMatchObject({ status: 429, code: 'rate_limited' });
    await limits.assertNetwork('192.0.2.2');
    const none = new AuditLimits(undefined);
    for (let at = 0; at < 5; at += 1) await none.assertNetwork('192.0.2.1');
  });
});
