import { Malformed } from '../errors.js';
import { emptyRoot, hashBytes, nodeHash } from './hashing.js';
import { perfectNodes } from './ranges.js';

interface Peak {
  level: number;
  hash: Uint8Array;
}

/** Told of each perfect subtree in the moment it is complete. */
export type OnNode = (level: number, index: number, hash: Uint8Array) => void;

/**
 * A tree that grows at its right: it keeps the roots of the perfect subtrees that make it up, at most one a level (53 hashes), and
 * knows the root of RFC 6962 at each size it passes through.
 */
export class CompactRange {
  #size = 0;
  readonly #peaks: Peak[] = [];

  /** A range as it was at `size`, of what `peaks()` gave. Throws Malformed when these are not the hashes of such a size. */
  static of(size: number, peaks: readonly Uint8Array[]): CompactRange {
    const places = perfectNodes({ begin: 0, end: size });
    if (places.length !== peaks.length || peaks.some((hash) => hash.length !== hashBytes)) {
      throw new Malformed('compact range', `a tree of ${String(size)} leaves has ${String(places.length)} peaks`);
    }
    const range = new CompactRange();
    places.forEach(({ level }, index) => {
      range.append(peaks[index] as Uint8Array, level);
    });
    return range;
  }

  /** Leaves in the tree. */
  get size(): number {
    return this.#size;
  }

  /** The roots of the perfect subtrees, from left to right: what `of` takes. */
  peaks(): Uint8Array[] {
    return this.#peaks.map(({ hash }) => hash);
  }

  /**
   * Adds a leaf hash or, at a higher level, the root of a perfect subtree of 2^level leaves. `onNode` hears of it and of every node
   * that it completes, from below. Throws RangeError when a subtree cannot stand at this size, or when the tree is full (2^53 - 1).
   */
  append(hash: Uint8Array, level = 0, onNode?: OnNode): void {
    const width = 2 ** level;
    if (this.#size % width !== 0) throw new RangeError(`no subtree of level ${String(level)} begins here`);
    if (this.#size + width > Number.MAX_SAFE_INTEGER) throw new RangeError('the tree is full');
    let node = { level, hash };
    let index = this.#size / width;
    onNode?.(level, index, hash);
    for (let left = this.#peaks.at(-1); left?.level === node.level; left = this.#peaks.at(-1)) {
      this.#peaks.pop();
      node = { level: node.level + 1, hash: nodeHash(left.hash, node.hash) };
      index = Math.floor(index / 2);
      onNode?.(node.level, index, node.hash);
    }
    this.#peaks.push(node);
    this.#size += width;
  }

  /** The root of the leaves so far. */
  root(): Uint8Array {
    const last = this.#peaks.at(-1);
    if (!last) return emptyRoot;
    return this.#peaks.slice(0, -1).reduceRight((right, { hash }) => nodeHash(hash, right), last.hash);
  }
}
