import type { NodeReader } from '../merkle/index.js';
import type { LogFiles } from './log-files.js';
import { readTileBytes } from './log-files.js';
import { fullWidth, tileHeight, widthIn } from './path.js';
import { TileSubtree } from './tile-subtree.js';

const maxCachedTiles = 64;

/**
 * The nodes of the tree of the first `size` leaves, out of tiles; it keeps the last 64 of them (some 1 MB). Nothing is held against a
 * root: whoever uses a proof of these nodes verifies it.
 */
export class TileNodes implements NodeReader {
  readonly #tiles = new Map<string, Promise<TileSubtree>>();

  constructor(
    private readonly files: LogFiles,
    readonly size: number,
  ) {}

  async node(level: number, index: number): Promise<Uint8Array> {
    const within = level % tileHeight;
    /** Nodes of this level in one tile. */
    const perTile = fullWidth / 2 ** within;
    const tile = await this.#tile(Math.floor(level / tileHeight), Math.floor(index / perTile));
    const hash = tile.node(within, index % perTile);
    if (hash) return hash;
    throw new RangeError(
      `a tree of ${String(this.size)} leaves has no node ${String(index)} at level ${String(level)}`,
    );
  }

  #tile(level: number, index: number): Promise<TileSubtree> {
    const key = `${String(level)}/${String(index)}`;
    const tile = this.#tiles.get(key) ?? this.#read(level, index);
    this.#tiles.delete(key);
    this.#tiles.set(key, tile);
    for (const oldest of this.#tiles.keys()) {
      if (this.#tiles.size <= maxCachedTiles) break;
      this.#tiles.delete(oldest);
    }
    tile.catch(() => this.#tiles.delete(key));
    return tile;
  }

  async #read(level: number, index: number): Promise<TileSubtree> {
    const width = widthIn(this.size, level, index);
    return new TileSubtree(width > 0 ? await readTileBytes(this.files, level, index, width) : new Uint8Array());
  }
}
