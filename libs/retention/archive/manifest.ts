import canonicalize from 'canonicalize';

/** One Parquet file of a month. */
export interface ArchivedFile {
  /** In the archive's store. */
  path: string;
  /** In hexadecimal. */
  sha256: string;
  bytes: number;
  events: number;
  firstPosition: number;
  lastPosition: number;
}

/**
 * What the archive has of one shard and month, beside the files: RFC 8785, a storage format. `checkpoint` is a signed note of the audit log with
 * a leaf for every event, so that the files can be verified with the log's public key and its tiles alone.
 */
export interface Manifest {
  shard: number;
  /** `2019-01`, of the times of recording in UTC. */
  month: string;
  events: number;
  /** First and last of each run of positions, in order. */
  positions: readonly (readonly [number, number])[];
  files: readonly ArchivedFile[];
  checkpoint: string;
  treeSize: number;
}

const version = 1;

export const folderOf = (shard: number, month: string): string =>
  `events/${month}/shard-${String(shard).padStart(2, '0')}`;

/** Where the manifest of a month of a shard is. */
export const manifestPath = (shard: number, month: string): string => `${folderOf(shard, month)}/manifest.json`;

export const formatManifest = (manifest: Manifest): Uint8Array =>
  Buffer.from(canonicalize({ v: version, ...manifest }) as string);

/** Throws where it is no manifest of this version, or of another shard or month than `path` says. */
export const parseManifest = (bytes: Uint8Array, path: string): Manifest => {
  const { v, ...manifest } = parsed(bytes, path);
  if (v !== version || manifestPath(manifest.shard, manifest.month) !== path)
    throw new Error(`${path} is no manifest of this month of this shard, or of a later release`);
  return manifest;
};

const parsed = (bytes: Uint8Array, path: string): Manifest & { v: unknown } => {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as Manifest & { v: unknown };
  } catch (error) {
    throw new Error(`${path} is no manifest`, { cause: error });
  }
};

/** Positions in order, as runs. */
export class Runs {
  readonly all: [number, number][] = [];

  add(position: number): void {
    const last = this.all.at(-1);
    if (last && last[1] + 1 === position) last[1] = position;
    else this.all.push([position, position]);
  }
}
