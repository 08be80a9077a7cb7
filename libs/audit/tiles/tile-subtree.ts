import { hashBytes, hashPairInto } from '../merkle/index.js';

/**
 * The nodes of the tree that lie within one tile, each hashed when it is first asked for: at most 255 for a tile of 256 hashes. They lie in one
 * piece of memory of as many bytes as the tile's own hashes, which are not copied.
 */
export class TileSubtree {
  readonly #hashes: Uint8Array;
  readonly #width: number;
  /** The levels above the tile's own hashes, one after the other, each half as wide as the one below it. */
  readonly #nodes: Buffer;
  /** By place in `#nodes`: 1 where the node has been hashed. */
  readonly #known: Uint8Array;

  /** `hashes`: those of the tile, one after the other. */
  constructor(hashes: Uint8Array) {
    this.#hashes = hashes;
    this.#width = hashes.length / hashBytes;
    this.#known = new Uint8Array(Math.max(0, this.#width - 1));
    this.#nodes = Buffer.alloc(this.#known.length * hashBytes);
  }

  /** The root of the hashes `index * 2^level` to `(index + 1) * 2^level - 1` of the tile; undefined when it does not have them all. */
  node(level: number, index: number): Uint8Array | undefined {
    if ((index + 1) * 2 ** level > this.#width) return undefined;
    if (level === 0) return this.#hashes.subarray(index * hashBytes, (index + 1) * hashBytes);
    const place = this.#hashed(level, index);
    return this.#nodes.subarray(place * hashBytes, (place + 1) * hashBytes);
  }

  /** Where the node is, once it has been hashed. */
  #hashed(level: number, index: number): number {
    const place = this.#placeOf(level, index);
    if (this.#known[place] === 1) return place;
    if (level === 1) hashPairInto(this.#nodes, place * hashBytes, this.#hashes, index * 2 * hashBytes);
    else {
      const left = this.#hashed(level - 1, index * 2);
      this.#hashed(level - 1, index * 2 + 1);
      hashPairInto(this.#nodes, place * hashBytes, this.#nodes, left * hashBytes);
    }
    this.#known[place] = 1;
    return place;
  }

  #placeOf(level: number, index: number): number {
    let place = index;
    for (let below = 1; below < level; below += 1) place += Math.floor(this.#width / 2 ** below);
    return place;
  }
}
