import { Malformed, RootMismatch } from '../errors.js';
import type { OnNode, TreeHead } from '../merkle/index.js';
import { CompactRange, leafHash, sameHash } from '../merkle/index.js';
import { formatBundle, maxEntryBytes } from './entry-bundle.js';
import type { LogFile, LogFiles } from './log-files.js';
import { readBundle, readTile } from './log-files.js';
import type { TilePlace } from './path.js';
import { fullWidth, levelsOf, tileHeight, tilePath, widthIn } from './path.js';

/** The right edge of one level: the tile that is being filled. */
interface OpenTile {
  index: number;
  hashes: Uint8Array[];
}

/**
 * The growing end of a C2SP tlog-tiles log: it takes entries and gives the files to write. It holds one open tile a level and one open
 * bundle, whatever the size of the log. It writes nothing itself: a checkpoint of `head()` may be published only once every file that
 * `append` gave is durable.
 */
export class TiledLog {
  readonly #range = new CompactRange();
  readonly #tiles: OpenTile[] = [];
  #bundle: Uint8Array[] = [];

  /**
   * The end of a log as its files have it. Throws FileMissing, Malformed or RootMismatch when these are not the files of `head`: then
   * nothing may be appended.
   */
  static async resume(files: LogFiles, head: TreeHead): Promise<TiledLog> {
    const log = new TiledLog();
    for (let level = levelsOf(head.size) - 1; level >= 0; level -= 1) {
      const index = Math.floor(head.size / fullWidth ** (level + 1));
      const width = widthIn(head.size, level, index);
      const hashes = width > 0 ? await readTile(files, level, index, width) : [];
      log.#tiles[level] = { index, hashes };
      for (const hash of hashes) log.#range.append(hash, level * tileHeight);
    }
    if (!sameHash(log.#range.root(), head.root)) throw new RootMismatch(head.size);
    await log.#readOpenBundle(files);
    return log;
  }

  /** What a checkpoint says of the log as it is. */
  head(): TreeHead {
    return { size: this.#range.size, root: this.#range.root() };
  }

  /**
   * Adds entries and gives the files that came of it: tiles and bundles that are now full, then the open ones. No file of the same path
   * ever has other bytes. Throws RangeError for an entry of more than 65,535 bytes, and then has added nothing.
   */
  append(entries: readonly Uint8Array[]): LogFile[] {
    if (entries.some(({ length }) => length > maxEntryBytes)) {
      throw new RangeError(`an entry has at most ${String(maxEntryBytes)} bytes`);
    }
    const written: LogFile[] = [];
    const touched = new Set<number>();
    const onNode: OnNode = (level, index, hash) => {
      if (level % tileHeight !== 0) return;
      touched.add(level / tileHeight);
      const full = this.#fill(level / tileHeight, index, hash);
      if (full) written.push(full);
    };
    for (const entry of entries) {
      this.#bundle.push(entry);
      this.#range.append(leafHash(entry), 0, onNode);
      if (this.#bundle.length < fullWidth) continue;
      written.push(this.#bundleFile());
      this.#bundle = [];
    }
    return [...written, ...this.#openFiles(touched)];
  }

  #fill(level: number, index: number, hash: Uint8Array): LogFile | undefined {
    const tile = (this.#tiles[level] ??= { index: 0, hashes: [] });
    tile.index = Math.floor(index / fullWidth);
    tile.hashes.push(hash);
    if (tile.hashes.length < fullWidth) return undefined;
    const file = tileFile(level, tile);
    tile.hashes = [];
    return file;
  }

  #openFiles(touched: ReadonlySet<number>): LogFile[] {
    const files = this.#bundle.length > 0 && touched.has(0) ? [this.#bundleFile()] : [];
    this.#tiles.forEach((tile, level) => {
      if (touched.has(level) && tile.hashes.length > 0) files.push(tileFile(level, tile));
    });
    return files;
  }

  #bundleFile(): LogFile {
    const index = Math.ceil(this.#range.size / fullWidth) - 1;
    return { path: pathOf('entries', index, this.#bundle.length), bytes: formatBundle(this.#bundle) };
  }

  async #readOpenBundle(files: LogFiles): Promise<void> {
    const { index, hashes } = this.#tiles[0] ?? { index: 0, hashes: [] };
    if (hashes.length === 0) return;
    this.#bundle = await readBundle(files, index, hashes.length);
    const wrong = this.#bundle.findIndex((entry, at) => !sameHash(leafHash(entry), hashes[at] as Uint8Array));
    if (wrong === -1) return;
    const path = pathOf('entries', index, hashes.length);
    throw new Malformed(path, `its entry ${String(wrong)} is not the leaf of the tree`);
  }
}

const pathOf = (level: TilePlace['level'], index: number, width: number): string => tilePath({ level, index, width });

const tileFile = (level: number, { index, hashes }: OpenTile): LogFile => ({
  path: pathOf(level, index, hashes.length),
  bytes: Buffer.concat(hashes),
});
