import { FileMissing, Malformed } from '../errors.js';
import { hashBytes } from '../merkle/index.js';
import { parseBundle } from './entry-bundle.js';
import type { TilePlace } from './path.js';
import { fullWidth, tilePath } from './path.js';

/** What a log publishes: a folder, a web server, a bucket. What comes out of it is believed only once it is verified. */
export interface LogFiles {
  /** The file at a path of tlog-tiles below the log's prefix; undefined where there is none. Rejects when it cannot tell. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** A file of a log, to be written. */
export interface LogFile {
  path: string;
  bytes: Uint8Array;
}

interface Found {
  bytes: Uint8Array;
  path: string;
  /** 256 where the full tile was found in place of a partial one: a log may delete the partial one then. */
  width: number;
}

const find = async (files: LogFiles, place: TilePlace): Promise<Found> => {
  const path = tilePath(place);
  const bytes = await files.read(path);
  if (bytes) return { bytes, path, width: place.width };
  if (place.width === fullWidth) throw new FileMissing(path);
  const whole = { ...place, width: fullWidth };
  const full = await files.read(tilePath(whole));
  if (!full) throw new FileMissing(path);
  return { bytes: full, path: tilePath(whole), width: fullWidth };
};

/** The `width` hashes of a tile, one after the other, not yet held against any root. Throws FileMissing, or Malformed for a wrong length. */
export const readTileBytes = async (
  files: LogFiles,
  level: number,
  index: number,
  width: number,
): Promise<Uint8Array> => {
  const { bytes, path, width: found } = await find(files, { level, index, width });
  if (bytes.length !== found * hashBytes) {
    throw new Malformed(path, `it has ${String(bytes.length)} bytes, not ${String(found * hashBytes)}`);
  }
  return bytes.subarray(0, width * hashBytes);
};

/** The `width` hashes of a tile. Throws what `readTileBytes` throws. */
export const readTile = async (files: LogFiles, level: number, index: number, width: number): Promise<Uint8Array[]> => {
  const bytes = await readTileBytes(files, level, index, width);
  return Array.from({ length: width }, (_, at) => bytes.subarray(at * hashBytes, (at + 1) * hashBytes));
};

/** The first `width` entries of a bundle, not yet held against any hash. Throws FileMissing or Malformed. */
export const readBundle = async (files: LogFiles, index: number, width: number): Promise<Uint8Array[]> => {
  const { bytes, path, width: found } = await find(files, { level: 'entries', index, width });
  return parseBundle(bytes, found, path).slice(0, width);
};
