import type { Entry } from '../entries/index.js';
import { parseEntry } from '../entries/index.js';
import { Malformed } from '../errors.js';
import type { OnNode } from '../merkle/index.js';
import { CompactRange, leafHash, sameHash } from '../merkle/index.js';
import type { Cosignature, SignedCheckpoint } from '../notes/index.js';
import type { Trust } from '../receipts/index.js';
import type { LogFiles } from '../tiles/index.js';
import { checkpointPath, tileHeight } from '../tiles/index.js';
import type { Heads } from './heads.js';
import { readHeads } from './heads.js';
import type { LeafChunk } from './leaf-chunks.js';
import { leafChunks } from './leaf-chunks.js';
import { LogBroken } from './log-broken.js';
import { ShardPositions } from './shard-positions.js';
import type { CompletedTile } from './upper-tiles.js';
import { UpperTiles } from './upper-tiles.js';

/** A leaf that agrees with the tree so far. */
export interface Leaf {
  /** 0-based place in the log. */
  index: number;
  entry: Entry;
}

export interface LogCheck {
  trust: Trust;
  /** A checkpoint of this log that was kept: the log must extend it. */
  from?: Uint8Array | string;
  /**
   * Holds up to 256 leaves at a time against what they commit to; gives the first one that is wrong, and why. Without it, the tree
   * alone is verified.
   */
  examine?: (leaves: readonly Leaf[]) => Promise<{ leaf: Leaf; reason: string } | undefined>;
  /** Told how many of the leaves are verified. */
  onProgress?: (verified: number, size: number) => void;
}

/** What a log has shown. */
export interface VerifiedLog {
  checkpoint: SignedCheckpoint;
  cosignatures: readonly Cosignature[];
  /** The last position of each shard: what the event log must have reached at least. */
  shards: ReadonlyMap<number, number>;
}

/** One pass over a log, from its first leaf to its last. */
class Pass {
  readonly positions = new ShardPositions();
  readonly #range = new CompactRange();
  readonly #upper: UpperTiles;

  constructor(
    files: LogFiles,
    private readonly heads: Heads,
    private readonly examine: LogCheck['examine'],
  ) {
    this.#upper = new UpperTiles(files, heads.checkpoint.size);
  }

  async take(chunk: LeafChunk): Promise<void> {
    const completed: CompletedTile[] = [];
    const onNode: OnNode = (level, index, root) => {
      if (level > 0 && level % tileHeight === 0) completed.push({ level: level / tileHeight - 1, index, root });
    };
    const leaves = chunk.entries.map((bytes, at) => this.#leaf(chunk, bytes, at, onNode));
    for (const tile of completed) await this.#upper.compare(tile);
    const wrong = await this.examine?.(leaves);
    if (!wrong) return;
    const { index, entry } = wrong.leaf;
    const place = { index, shard: entry.shard, position: entry.position };
    throw new LogBroken({ kind: 'event', message: `leaf ${String(index)}: ${wrong.reason}`, ...place });
  }

  #leaf(chunk: LeafChunk, bytes: Uint8Array, at: number, onNode: OnNode): Leaf {
    const index = chunk.index + at;
    const hash = leafHash(bytes);
    if (!sameHash(hash, chunk.hashes[at] as Uint8Array)) {
      const message = `leaf ${String(index)}: ${chunk.bundlePath} and ${chunk.tilePath} disagree`;
      throw new LogBroken({ kind: 'leaf', message, path: chunk.bundlePath, index });
    }
    const entry = entryAt(bytes, index, chunk.bundlePath);
    this.positions.take(entry, index);
    this.#range.append(hash, 0, onNode);
    this.#requireExtension();
    return { index, entry };
  }

  #requireExtension(): void {
    const { older } = this.heads;
    if (this.#range.size !== older?.size || sameHash(this.#range.root(), older.root)) return;
    const message = `the first ${String(older.size)} leaves are not those of the older checkpoint: the log was rewritten or forked`;
    throw new LogBroken({ kind: 'forked', message, path: checkpointPath });
  }

  end(): void {
    const { size, root } = this.heads.checkpoint;
    if (sameHash(this.#range.root(), root)) return;
    const message = `entries and tiles of the ${String(size)} leaves agree and make another root than the signed one`;
    throw new LogBroken({ kind: 'root', message, path: checkpointPath });
  }
}

const entryAt = (bytes: Uint8Array, index: number, path: string): Entry => {
  try {
    return parseEntry(bytes, `leaf ${String(index)}`);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new LogBroken({ kind: 'entry', message: error.message, path, index }, { cause: error });
  }
};

/**
 * Verifies a whole published log with nothing but keys: signatures of the log and of witnesses, every entry against its leaf, every
 * tile against the leaves below it and against the signed root, positions 1..n of each shard, and that the log extends `from`.
 * Memory is bounded, whatever the size. Throws LogBroken at the first thing that is wrong; rejects as `files` does when it cannot read.
 */
export const verifyLog = async (files: LogFiles, check: LogCheck): Promise<VerifiedLog> => {
  const heads = await readHeads(files, check.trust, check.from);
  const { checkpoint, cosignatures } = heads;
  const pass = new Pass(files, heads, check.examine);
  for await (const chunk of leafChunks(files, checkpoint.size)) {
    await pass.take(chunk);
    check.onProgress?.(chunk.index + chunk.entries.length, checkpoint.size);
  }
  pass.end();
  return { checkpoint, cosignatures, shards: pass.positions.heads() };
};
