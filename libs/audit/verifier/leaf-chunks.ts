import { FileMissing, Malformed } from '../errors.js';
import type { LogFiles } from '../tiles/index.js';
import { fullWidth, readBundle, readTile, tilePath, widthIn } from '../tiles/index.js';
import { LogBroken } from './log-broken.js';

/** The leaves of one bundle, as the log publishes them. */
export interface LeafChunk {
  /** Of the first leaf. */
  index: number;
  entries: readonly Uint8Array[];
  /** The leaves' hashes, as the tile of level 0 has them. */
  hashes: readonly Uint8Array[];
  bundlePath: string;
  tilePath: string;
}

/** Chunks that are read while another is verified. */
const readAhead = 8;

/** What reads a file of a log; that the file is missing or malformed is a finding about the leaves from `index` on. */
export const readOrBroken = async <T>(path: string, index: number, reading: Promise<T>): Promise<T> => {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof FileMissing || error instanceof Malformed)) throw error;
    throw new LogBroken({ kind: 'file', message: error.message, path, index }, { cause: error });
  }
};

const readChunk = async (files: LogFiles, size: number, index: number): Promise<LeafChunk> => {
  const width = widthIn(size, 0, index);
  const bundlePath = tilePath({ level: 'entries', index, width });
  const path = tilePath({ level: 0, index, width });
  const first = index * fullWidth;
  const [entries, hashes] = await Promise.all([
    readOrBroken(bundlePath, first, readBundle(files, index, width)),
    readOrBroken(path, first, readTile(files, 0, index, width)),
  ]);
  return { index: first, entries, hashes, bundlePath, tilePath: path };
};

/** The leaves of a log of `size` in their order. Throws LogBroken where a file is missing or malformed. */
export const leafChunks = async function* (files: LogFiles, size: number): AsyncGenerator<LeafChunk> {
  const count = Math.ceil(size / fullWidth);
  const ahead: Promise<LeafChunk>[] = [];
  for (let [at, next] = [0, 0]; at < count; at += 1) {
    for (; next < count && ahead.length < readAhead; next += 1) {
      const chunk = readChunk(files, size, next);
      chunk.catch(() => undefined); // it rejects again where it is awaited
      ahead.push(chunk);
    }
    yield await (ahead.shift() as Promise<LeafChunk>);
  }
};
