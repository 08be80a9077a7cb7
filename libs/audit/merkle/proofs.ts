import { emptyRoot, nodeHash } from './hashing.js';
import type { LeafRange } from './ranges.js';
import { consistencyRanges, inclusionRanges, perfectNodes } from './ranges.js';

/** Where the hashes of a tree are kept. */
export interface NodeReader {
  /** The root of the leaves `index * 2^level` to `(index + 1) * 2^level - 1`. Rejects when the tree does not have all of them. */
  node(level: number, index: number): Promise<Uint8Array>;
}

/** MTH of a range of leaves that is a subtree of the tree, perfect or at its right edge. */
export const hashOfRange = async (nodes: NodeReader, range: LeafRange): Promise<Uint8Array> => {
  const hashes = await Promise.all(perfectNodes(range).map(({ level, index }) => nodes.node(level, index)));
  return hashes.reduceRight((right, left) => nodeHash(left, right));
};

const requireSize = (size: number): void => {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${String(size)} is no size of a tree`);
};

/** The root of the first `size` leaves. */
export const rootOf = async (nodes: NodeReader, size: number): Promise<Uint8Array> => {
  requireSize(size);
  return size === 0 ? emptyRoot : await hashOfRange(nodes, { begin: 0, end: size });
};

/** Hashes that lead from the leaf `index` (0-based) to the root of the first `size` leaves, RFC 6962, section 2.1.1. */
export const inclusionProof = (nodes: NodeReader, index: number, size: number): Promise<Uint8Array[]> => {
  requireSize(size);
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new RangeError(`there is no leaf ${String(index)} in a tree of ${String(size)}`);
  }
  return Promise.all(inclusionRanges(index, size).map((range) => hashOfRange(nodes, range)));
};

/**
 * Hashes that show that the first `older` of `newer` leaves are the older tree, RFC 6962, section 2.1.2. None for equal sizes, nor
 * for an older size of 0, which every tree extends.
 */
export const consistencyProof = (nodes: NodeReader, older: number, newer: number): Promise<Uint8Array[]> => {
  requireSize(older);
  requireSize(newer);
  if (older > newer) throw new RangeError(`a tree of ${String(newer)} leaves does not extend one of ${String(older)}`);
  if (older === 0) return Promise.resolve([]);
  return Promise.all(consistencyRanges(older, newer).map((range) => hashOfRange(nodes, range)));
};
