import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Malformed, checkpointPath, formatBundle, formatEntry } from '#audit';
import { DirectoryStore } from '#object-store';

import { boundedLog, logFileBytes } from './bounded-log.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'billing-bounds-'));
});
afterAll(() => rm(directory, { recursive: true }));

it('every file that a log of ours can have is read', async () => {
  const entry = formatEntry({ shard: 65_535, position: Number.MAX_SAFE_INTEGER, commitment: Buffer.alloc(32, 255) });
  const files: [string, number][] = [
    ['tile/entries/x001/000', formatBundle(Array.from({ length: 256 }, () => entry)).length],
    ['tile/3/000', 256 * 32],
    ['interleaving/000/000/000/000/000', 8_000_000],
    ['keys/001', 4_000_000],
    [checkpointPath, 1_000_000],
  ];
  const store = boundedLog(new DirectoryStore(directory));
  for (const [path, bytes] of files) {
    await store.create(path, Buffer.alloc(bytes, 'x'));
    expect(await store.read(path)).toHaveLength(bytes);
  }
});

it.each(['tile/0/001', 'tile/entries/001', 'interleaving/000/000/000/000/001', 'keys/002', 'vkey'])(
  '%s is not read where it is larger than that, and is told to be malformed',
  async (path) => {
    const store = boundedLog(new DirectoryStore(directory));
    await store.replace(path, Buffer.alloc(logFileBytes(path) + 1));
    await expect(store.read(path)).rejects.toThrow(Malformed);
    await expect(store.read(path)).rejects.toThrow(`${path}: `);
  },
);
