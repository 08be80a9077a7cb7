import { hash } from 'node:crypto';
import type { LeafRange } from '../merkle/ranges.js';

const sha256 = (...parts: Uint8Array[]): Uint8Array => hash('sha256', Buffer.concat(parts), 'buffer');

/** k: the largest power of two smaller than n. */
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);

/** PATH(m, D[begin:end]) by the ranges whose hashes it is made of; `m` is counted from the tree's first leaf. */
export const naivePath = (m: number, begin: number, end: number): LeafRange[] => {
  if (end - begin === 1) return [];
  const k = begin + split(end - begin);
  const path = m < k ? naivePath(m, begin, k) : naivePath(m, k, end);
  path.push(m < k ? { begin: k, end } : { begin, end: k });
  return path;
};

/** SUBPROOF(m, D[begin:end], whole), likewise. */
export const naiveSubproof = (m: number, begin: number, end: number, whole = true): LeafRange[] => {
  if (m === end) return whole ? [] : [{ begin, end }];
  const k = begin + split(end - begin);
  const proof = m <= k ? naiveSubproof(m, begin, k, whole) : naiveSubproof(m, k, end, false);
  proof.push(m <= k ? { begin: k, end } : { begin, end: k });
  return proof;
};

/**
 * The recursive definitions of RFC 6962, section 2.1, written down as they stand, over leaves whose entries are their own decimal
 * number. Hashes of ranges are kept, so that all sizes can be asked for.
 */
export class NaiveTree {
  readonly #ranges = new Map<number, Uint8Array>();

  static entry(index: number): Uint8Array {
    return Buffer.from(String(index));
  }

  static leaf(index: number): Uint8Array {
    return sha256(Buffer.of(0), NaiveTree.entry(index));
  }

  /** MTH(D[begin:end]). */
  root(begin: number, end: number): Uint8Array {
    if (begin === end) return sha256();
    const key = begin * 2 ** 20 + end;
    const known = this.#ranges.get(key);
    if (known) return known;
    const k = begin + split(end - begin);
    const root =
      end - begin === 1 ? NaiveTree.leaf(begin) : sha256(Buffer.of(1), this.root(begin, k), this.root(k, end));
    this.#ranges.set(key, root);
    return root;
  }

  hashes(ranges: readonly LeafRange[]): Uint8Array[] {
    return ranges.map(({ begin, end }) => this.root(begin, end));
  }
}
