/** Names of the files of a C2SP tlog-tiles log: `tile/<L>/<N>[.p/<W>]` and `tile/entries/<N>[.p/<W>]`. */
import { Malformed } from '../errors.js';

/** Hashes in a full tile, entries in a full bundle. */
export const fullWidth = 256;

/** Levels of the tree in one tile: a full tile is a subtree of this height. */
export const tileHeight = 8;

export const checkpointPath = 'checkpoint';

const maxLevel = 63;

/** A tile, or with `level: 'entries'` an entry bundle. `width` is 1 to 256. */
export interface TilePlace {
  level: number | 'entries';
  index: number;
  width: number;
}

const require = (holds: boolean, what: string): void => {
  if (!holds) throw new RangeError(`no tile has this ${what}`);
};

/** `1234067` is `x001/x234/067`. */
const encodeIndex = (index: number): string => {
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
};

/** The path of a tile, below the log's prefix. Throws RangeError for a place that no tile can have. */
export const tilePath = ({ level, index, width }: TilePlace): string => {
  require(level === 'entries' || (Number.isInteger(level) && level >= 0 && level <= maxLevel), 'level');
  require(Number.isSafeInteger(index) && index >= 0, 'index');
  require(Number.isInteger(width) && width >= 1 && width <= fullWidth, 'width');
  const full = `tile/${String(level)}/${encodeIndex(index)}`;
  return width === fullWidth ? full : `${full}.p/${String(width)}`;
};

const form = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** The place that a path names. Throws Malformed for every path that `tilePath` does not make. */
export const parseTilePath = (path: string): TilePlace => {
  const [, level, index, width] = form.exec(path) ?? [];
  if (level === undefined || index === undefined) throw new Malformed('tile path', 'it is not tile/<L>/<N>[.p/<W>]');
  const place: TilePlace = {
    level: level === 'entries' ? level : Number(level),
    index: Number(index.replace(/[x/]/g, '')),
    width: width === undefined ? fullWidth : Number(width),
  };
  if (!isTilePlace(place) || tilePath(place) !== path) throw new Malformed('tile path', 'no log has such a tile');
  return place;
};

const isTilePlace = ({ level, index, width }: TilePlace): boolean =>
  (level === 'entries' || level <= maxLevel) && Number.isSafeInteger(index) && width <= fullWidth;

/** Hashes that the tile `index` of `level` has in a log of `size` leaves; 0 when the log has no such tile. */
export const widthIn = (size: number, level: number, index: number): number =>
  Math.max(0, Math.min(fullWidth, Math.floor(size / fullWidth ** level) - index * fullWidth));

/** Levels of tiles in a log of `size` leaves. */
export const levelsOf = (size: number): number => {
  let level = 0;
  while (size >= fullWidth ** level) level += 1;
  return level;
};
