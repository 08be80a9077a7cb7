import { nodeHash } from '../merkle/index.js';

/** The nodes of the tree that lie within one tile, each hashed when it is first asked for: at most 255 for a tile of 256 hashes. */
export class TileSubtree {
  /** By level above the tile's own hashes. */
  readonly #levels: Uint8Array[][];

  constructor(hashes: readonly Uint8Array[]) {
    this.#levels = [[...hashes]];
  }

  /** The root of the hashes `index * 2^level` to `(index + 1) * 2^level - 1` of the tile; undefined when it does not have them all. */
  node(level: number, index: number): Uint8Array | undefined {
    const known = this.#levels[level]?.[index];
    if (known || level === 0) return known;
    const left = this.node(level - 1, index * 2);
    const right = left && this.node(level - 1, index * 2 + 1);
    if (!right) return undefined;
    const hash = nodeHash(left, right);
    (this.#levels[level] ??= [])[index] = hash;
    return hash;
  }
}
