import type { LogFiles } from '#audit';
import { fullWidth, hashBytes, parseTilePath } from '#audit';
import { LRUCache } from 'lru-cache';

/** Of full tiles, 8 KiB each: the level above a million leaves, and the leaves that are asked for. */
const maxKeptBytes = 32 * 1_024 * 1_024;

/**
 * The files of a log, its full tiles kept in memory: they never change. What is asked for by many at once is read once. Entries and tiles that
 * are still being filled are read each time.
 */
export class KeptTiles implements LogFiles {
  readonly #kept: LRUCache<string, Uint8Array>;
  readonly #reading = new Map<string, Promise<Uint8Array | undefined>>();

  constructor(
    private readonly files: LogFiles,
    maxBytes = maxKeptBytes,
  ) {
    this.#kept = new LRUCache({ maxSize: maxBytes, sizeCalculation: ({ length }) => Math.max(1, length) });
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#kept.get(path) ?? (await (this.#reading.get(path) ?? this.#fetch(path)));
  }

  /** Reads every file anew from now on. */
  forget(): void {
    this.#kept.clear();
    this.#reading.clear();
  }

  #fetch(path: string): Promise<Uint8Array | undefined> {
    const reading = this.files.read(path).finally(() => this.#reading.delete(path));
    this.#reading.set(path, reading);
    return reading.then((bytes) => {
      if (bytes?.length === fullWidth * hashBytes && isFullTile(path)) this.#kept.set(path, bytes);
      return bytes;
    });
  }
}

const isFullTile = (path: string): boolean => {
  const { level, width } = parseTilePath(path);
  return level !== 'entries' && width === fullWidth;
};
