import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogFiles, TreeHead } from '#audit';
import { TileNodes, TiledLog, inclusionProof, leafHash, levelsOf, tilePath, verifyInclusion } from '#audit';
import { DirectoryStore } from '#object-store';
import { KeptTiles } from '../../../apps/api/audit/kept-tiles.js';
import { randomFrom } from '../generated-log.js';
import type { Measured, Row } from '../report.js';
import { rowOf, summary } from '../report.js';
import { inFolder } from './folders.js';

const stepLeaves = 20_000;
const proofs = 4_000;
const coldProofs = 1_000;

/** What a leaf says has no part in the cost of its proof. */
const entryAt = (index: number): Uint8Array => Buffer.from(`leaf ${String(index)}`);

/** Tiles of a log of `size` leaves, in a folder; the bundles have no part in a proof. */
const writeTiles = async (folder: string, size: number): Promise<TreeHead> => {
  const log = new TiledLog();
  for (let at = 0; at < size; at += stepLeaves) {
    const entries = Array.from({ length: Math.min(stepLeaves, size - at) }, (_, each) => entryAt(at + each));
    const tiles = log.append(entries).filter(({ path }) => !path.startsWith('tile/entries/'));
    for (const { path, bytes } of tiles) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
  }
  return log.head();
};

/** Makes proofs of random leaves, one after the other, each held against the root as the api does before it gives one out. */
const prove = async (head: TreeHead, count: number, nodes: () => TileNodes): Promise<Measured> => {
  const random = randomFrom(head.size);
  const latencies: number[] = [];
  const began = performance.now();
  for (let at = 0; at < count; at += 1) {
    const index = Math.floor(random() * head.size);
    const leaf = leafHash(entryAt(index));
    const start = performance.now();
    const proof = await inclusionProof(nodes(), index, head.size);
    verifyInclusion({ leafHash: leaf, index, proof }, head);
    latencies.push(performance.now() - start);
  }
  return summary(latencies, (performance.now() - began) / 1_000);
};

/** Reads as many tiles as a proof needs, and does nothing with them. */
const readTiles = async (folder: string, head: TreeHead, count: number): Promise<Measured> => {
  const random = randomFrom(head.size);
  const latencies: number[] = [];
  const began = performance.now();
  for (let at = 0; at < count; at += 1) {
    const index = Math.floor(random() * (head.size - 256 * 256));
    const start = performance.now();
    await Promise.all(
      Array.from({ length: levelsOf(head.size) }, (_, level) => readFile(join(folder, tileOf(index, level, head)))),
    );
    latencies.push(performance.now() - start);
  }
  return summary(latencies, (performance.now() - began) / 1_000);
};

const tileOf = (leaf: number, level: number, { size }: TreeHead): string => {
  const index = Math.floor(leaf / 256 ** (level + 1));
  const width = Math.min(256, Math.floor(size / 256 ** level) - index * 256);
  return tilePath({ level, index, width });
};

const at = (size: number): Promise<Row[]> =>
  inFolder(async (folder) => {
    const head = await writeTiles(folder, size);
    const store = new DirectoryStore(folder);
    const reference = await readTiles(folder, head, coldProofs);
    const cold = await prove(head, coldProofs, () => new TileNodes(store, size));
    const kept: LogFiles = new KeptTiles(store);
    const nodes = new TileNodes(kept, size);
    await prove(head, proofs / 4, () => nodes);
    const warm = await prove(head, proofs, () => nodes);
    const leaves = size.toLocaleString('en');
    return [
      rowOf(`proofs a second of ${leaves} leaves, nothing kept; plain reads of the same tiles`, cold, reference),
      rowOf(`proofs a second of ${leaves} leaves, with the api's cache`, warm, reference),
    ];
  });

/** Proofs out of tiles in a folder. */
export const proving = async (): Promise<Row[]> => [...(await at(100_000)), ...(await at(1_000_000))];
