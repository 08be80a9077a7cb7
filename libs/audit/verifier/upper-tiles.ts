import { sameHash } from '../merkle/index.js';
import type { LogFiles } from '../tiles/index.js';
import { fullWidth, readTile, tilePath, widthIn } from '../tiles/index.js';
import { readOrBroken } from './leaf-chunks.js';
import { LogBroken } from './log-broken.js';

/** A full tile that the leaves have just completed, by its root. */
export interface CompletedTile {
  level: number;
  index: number;
  root: Uint8Array;
}

/** Holds every hash of the tiles above level 0 against the leaves below it, reading each of these tiles once. */
export class UpperTiles {
  /** The tile of each level that is being compared. */
  readonly #open = new Map<number, { index: number; hashes: readonly Uint8Array[] }>();

  constructor(
    private readonly files: LogFiles,
    private readonly size: number,
  ) {}

  /** Throws LogBroken when the tile above has another hash for it. */
  async compare({ level, index, root }: CompletedTile): Promise<void> {
    const above = { level: level + 1, index: Math.floor(index / fullWidth) };
    const path = tilePath({ ...above, width: widthIn(this.size, above.level, above.index) });
    const first = index * fullWidth ** (level + 1);
    const hashes = await this.#tile(above.level, above.index, path, first);
    if (sameHash(hashes[index % fullWidth] as Uint8Array, root)) return;
    const below = tilePath({ level, index, width: fullWidth });
    const last = first + fullWidth ** (level + 1) - 1;
    throw new LogBroken({
      kind: 'tile',
      message: `${path} and ${below} disagree: leaves ${String(first)} to ${String(last)}`,
      path,
      index: first,
    });
  }

  async #tile(level: number, index: number, path: string, first: number): Promise<readonly Uint8Array[]> {
    const open = this.#open.get(level);
    if (open?.index === index) return open.hashes;
    const width = widthIn(this.size, level, index);
    const hashes = await readOrBroken(path, first, readTile(this.files, level, index, width));
    this.#open.set(level, { index, hashes });
    return hashes;
  }
}
