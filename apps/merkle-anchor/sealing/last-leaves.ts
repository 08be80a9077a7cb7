import type { TreeHead } from '#audit';
import {
  Malformed,
  ProofRefused,
  TileNodes,
  fullWidth,
  inclusionProof,
  leafHash,
  parseEntry,
  readBundle,
  tilePath,
  verifyInclusion,
  widthIn,
} from '#audit';
import type { ObjectStore } from '#object-store';

import { runsChanged } from './runs-changed.js';
import type { ShardEnds } from './shard-ends.js';
import type { SealedTree } from './tree.js';

/**
 * Reads what the last leaf of each shard commits to, out of the log itself: each is held against the root of the tree, so nothing that Postgres
 * says of places is believed: that of the first `known` leaves. Throws SealingStopped (runs_changed) where the log has something else there, and
 * FileMissing or Malformed where the log is not whole.
 */
export const readLastLeaves = async (
  store: ObjectStore,
  tree: SealedTree,
  ends: ShardEnds,
  known: number,
): Promise<void> => {
  await tree.flush();
  const head = tree.head();
  for (const [shard, index] of ends.places()) {
    const leaf = `leaf ${index}`;
    if (index < 0 || index >= head.size) throw new Malformed(leaf, `the tree has ${head.size} leaves`);
    const entry = parseEntry(await readVerified(store, head, index), leaf);
    if (entry.shard !== shard || entry.position !== ends.position(shard))
      throw isNot(leaf, `position ${ends.position(shard)} of shard ${shard}`, index < known);
    ends.setCommitment(shard, entry.commitment);
  }
};

const isNot = (leaf: string, place: string, isOfCopy: boolean): Error =>
  isOfCopy
    ? runsChanged(`Postgres has ${place} as ${leaf}, which is another`)
    : new Malformed(leaf, `it is not ${place}`);

const readVerified = async (store: ObjectStore, head: TreeHead, index: number): Promise<Uint8Array> => {
  const bundle = Math.floor(index / fullWidth);
  const width = widthIn(head.size, 0, bundle);
  const entry = (await readBundle(store, bundle, width))[index % fullWidth] ?? new Uint8Array();
  const proof = await inclusionProof(new TileNodes(store, head.size), index, head.size);
  try {
    verifyInclusion({ leafHash: leafHash(entry), index, proof }, head);
  } catch (error) {
    if (!(error instanceof ProofRefused)) throw error;
    throw new Malformed(tilePath({ level: 'entries', index: bundle, width }), `its leaf ${index} is not in the tree`);
  }
  return entry;
};
