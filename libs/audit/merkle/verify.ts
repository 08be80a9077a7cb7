/** Proofs as a stranger checks them, step by step as RFC 9162 tells it in sections 2.1.3.2 and 2.1.4.2; its trees are those of RFC 6962. */
import { ProofRefused } from '../errors.js';
import { emptyRoot, hashBytes, nodeHash, sameHash } from './hashing.js';
import { splitOf } from './ranges.js';

/** A tree at a time: leaves, and the root of RFC 6962. */
export interface TreeHead {
  size: number;
  root: Uint8Array;
}

export interface Inclusion {
  leafHash: Uint8Array;
  /** 0-based. */
  index: number;
  proof: readonly Uint8Array[];
}

const half = (value: number): number => Math.floor(value / 2);
const odd = (value: number): boolean => value % 2 === 1;

const requireHead = ({ size, root }: TreeHead): void => {
  if (!Number.isSafeInteger(size) || size < 0) throw new ProofRefused(`${String(size)} is no size of a tree`);
  if (root.length !== hashBytes) throw new ProofRefused('a root is not 32 bytes long');
  if (size === 0 && !sameHash(root, emptyRoot)) throw new ProofRefused('a tree without leaves has another root');
};

const requireHashes = (proof: readonly Uint8Array[]): void => {
  if (proof.some((hash) => hash.length !== hashBytes)) throw new ProofRefused('one of its hashes is not 32 bytes long');
};

/** Where the climb of RFC 9162 stands: the node's index and the last index of its level. */
class Climb {
  constructor(
    public fn: number,
    public sn: number,
  ) {}

  /** Whether the next hash of the proof stands to the left of the node. Refuses a proof that goes on above the root. */
  siblingIsLeft(): boolean {
    if (this.sn === 0) throw new ProofRefused('it has more hashes than the tree has levels');
    return odd(this.fn) || this.fn === this.sn;
  }

  up(siblingWasLeft: boolean): void {
    if (siblingWasLeft) while (!odd(this.fn) && this.fn !== 0) this.#shift();
    this.#shift();
  }

  #shift(): void {
    this.fn = half(this.fn);
    this.sn = half(this.sn);
  }

  end(): void {
    if (this.sn !== 0) throw new ProofRefused('it has fewer hashes than the tree has levels');
  }
}

/** Passes when the leaf is the one at `index` of the tree. Throws ProofRefused for everything else, malformed input included. */
export const verifyInclusion = ({ leafHash, index, proof }: Inclusion, head: TreeHead): void => {
  requireHead(head);
  requireHashes([leafHash, ...proof]);
  if (!Number.isSafeInteger(index) || index < 0 || index >= head.size) {
    throw new ProofRefused(`there is no leaf ${String(index)} in a tree of ${String(head.size)}`);
  }
  const climb = new Climb(index, head.size - 1);
  let root = leafHash;
  for (const sibling of proof) {
    const left = climb.siblingIsLeft();
    root = left ? nodeHash(sibling, root) : nodeHash(root, sibling);
    climb.up(left);
  }
  climb.end();
  if (!sameHash(root, head.root)) throw new ProofRefused('leaf and hashes lead to another root');
};

const isPowerOfTwo = (size: number): boolean => size === 1 || splitOf(size) * 2 === size;

/**
 * Passes when `newer` is `older` with leaves added at the end. Every tree extends that of size 0, without a hash. Throws ProofRefused
 * for everything else, malformed input included.
 */
export const verifyConsistency = (older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): void => {
  requireHead(older);
  requireHead(newer);
  requireHashes(proof);
  if (older.size > newer.size) throw new ProofRefused('the newer tree has fewer leaves than the older one');
  if (older.size === newer.size || older.size === 0) {
    if (proof.length > 0) throw new ProofRefused('equal or empty trees need no hashes');
    if (older.size !== 0 && !sameHash(older.root, newer.root)) throw new ProofRefused('two roots of one size');
    return;
  }
  climbBoth(older, newer, proof);
};

const climbBoth = (older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): void => {
  const [start, ...rest] = isPowerOfTwo(older.size) ? [older.root, ...proof] : proof;
  if (!start || proof.length === 0) throw new ProofRefused('it is empty');
  const climb = new Climb(older.size - 1, newer.size - 1);
  while (odd(climb.fn)) climb.up(false);
  let [olderRoot, newerRoot] = [start, start];
  for (const sibling of rest) {
    const left = climb.siblingIsLeft();
    if (left) olderRoot = nodeHash(sibling, olderRoot);
    newerRoot = left ? nodeHash(sibling, newerRoot) : nodeHash(newerRoot, sibling);
    climb.up(left);
  }
  climb.end();
  if (!sameHash(olderRoot, older.root)) throw new ProofRefused('its hashes lead to another older root');
  if (!sameHash(newerRoot, newer.root)) throw new ProofRefused('its hashes lead to another newer root');
};
