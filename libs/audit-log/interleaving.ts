/**
 * How the shards interleave in the log, one record for each step of sealing, kept beside the tiles and created before any of them: whoever
 * creates the record of a size has decided what follows it. RFC 8785, a storage format:
 * `{"newSize":M,"root":"<base64>","runs":[[shard,firstPosition,count],...],"size":N,"v":1}` at `interleaving/<N>`.
 */
import { Malformed, hashBytes } from '#audit';

import type { LeafRun, ShardRun } from './leaf-runs.js';

const version = 1;
const maxShard = 65_535;
/** Runs in a record: what a reader must be ready to hold. */
const maxRuns = 100_000;
const maxBytes = 8_000_000;
const indexDigits = 15;

export interface Interleaving {
  /** Leaves before this step. */
  size: number;
  /** What the step appended, in the log's order. */
  runs: readonly ShardRun[];
  /** The root after the step, of `size` and all of `runs` together. */
  root: Uint8Array;
}

/** Paths of the records begin with it. */
export const interleavingPrefix = 'interleaving/';

/** The path of the record of the step that began at `size` leaves: 15 digits as folders of three, so that paths sort as sizes do. */
export const interleavingPath = (size: number): string => {
  const digits = String(size);
  if (!Number.isSafeInteger(size) || size < 0 || digits.length > indexDigits)
    throw new RangeError('a step of sealing begins at 0 to 10^15 - 1 leaves');
  return interleavingPrefix + (digits.padStart(indexDigits, '0').match(/.{3}/g) ?? []).join('/');
};

const pathForm = new RegExp(`^${interleavingPrefix}((?:\\d{3}/){4}\\d{3})$`);

/** The size of which a path is the record's; undefined for a path that `interleavingPath` does not make. */
export const sizeOfInterleavingPath = (path: string): number | undefined => {
  const digits = pathForm.exec(path)?.[1];
  return digits === undefined ? undefined : Number(digits.replaceAll('/', ''));
};

/** Leaves after the step. */
export const sizeAfter = ({ size, runs }: Pick<Interleaving, 'size' | 'runs'>): number =>
  runs.reduce((sum, { count }) => sum + count, size);

/** Its runs with their places in the log. */
export const leafRunsOf = ({ size, runs }: Pick<Interleaving, 'size' | 'runs'>): LeafRun[] => {
  let index = size;
  return runs.map((run) => {
    const placed = { index, ...run };
    index += run.count;
    return placed;
  });
};

/** Throws RangeError for what `parseInterleaving` would refuse. */
export const formatInterleaving = (interleaving: Interleaving): Uint8Array => {
  const { size, runs, root } = interleaving;
  const wrong = faultOf(interleaving);
  if (wrong !== undefined) throw new RangeError(wrong);
  const listed = runs.map(({ shard, position, count }) => `[${shard},${position},${count}]`).join(',');
  return Buffer.from(
    `{"newSize":${sizeAfter(interleaving)},"root":"${Buffer.from(root).toString('base64')}","runs":[${listed}],"size":${size},"v":${version}}`,
  );
};

/** The record that `bytes` hold, at the path of `size`. Throws Malformed for everything that `formatInterleaving` does not write, and for another size. */
export const parseInterleaving = (bytes: Uint8Array, size: number): Interleaving => {
  const what = interleavingPath(size);
  if (bytes.length > maxBytes) throw new Malformed(what, `it has more than ${maxBytes} bytes`);
  const read = recordIn(Buffer.from(bytes).toString(), what);
  if (!(faultOf(read) === undefined && Buffer.from(formatInterleaving(read)).equals(bytes)))
    throw new Malformed(what, faultOf(read) ?? 'it is not an interleaving record in its canonical form (RFC 8785)');
  if (read.size !== size) throw new Malformed(what, `it is the record of size ${read.size}`);
  return read;
};

const form = /^\{"newSize":\d+,"root":"([A-Za-z0-9+/]{43}=)","runs":\[((?:\[\d+,\d+,\d+\],?)+)\],"size":(\d+),"v":1\}$/;

const recordIn = (text: string, what: string): Interleaving => {
  const [, root, runs, size] = form.exec(text) ?? [];
  if (root === undefined || runs === undefined || size === undefined)
    throw new Malformed(what, 'it is not an interleaving record in its canonical form (RFC 8785)');
  return {
    size: Number(size),
    root: Buffer.from(root, 'base64'),
    runs: [...runs.matchAll(/\[(\d+),(\d+),(\d+)\]/g)].map(([, shard, position, count]) => ({
      shard: Number(shard),
      position: Number(position),
      count: Number(count),
    })),
  };
};

/** What no step of sealing has; undefined where all is well. */
const faultOf = ({ size, runs, root }: Interleaving): string | undefined => {
  if (!Number.isSafeInteger(size) || size < 0) return 'a size is a whole number from 0';
  if (root.length !== hashBytes) return 'a root has 32 bytes';
  if (runs.length === 0 || runs.length > maxRuns) return `a step has 1 to ${maxRuns} runs`;
  if (!runs.every(isRun)) return 'a run is a shard, its first position from 1 on, and a count from 1 on';
  return Number.isSafeInteger(sizeAfter({ size, runs })) ? undefined : 'a size is at most 2^53 - 1';
};

const isRun = ({ shard, position, count }: ShardRun): boolean =>
  Number.isInteger(shard) &&
  shard >= 0 &&
  shard <= maxShard &&
  Number.isSafeInteger(position) &&
  position >= 1 &&
  Number.isSafeInteger(count) &&
  count >= 1 &&
  Number.isSafeInteger(position + count - 1);
