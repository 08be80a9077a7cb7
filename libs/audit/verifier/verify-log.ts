import type { Entry } from '../entries/index.js';
import { formatEntry, parseEntry } from '../entries/index.js';
import { Malformed } from '../errors.js';
import type { OnNode } from '../merkle/index.js';
import { CompactRange, leafHash, sameHash } from '../merkle/index.js';
import type { Cosignature, SignedCheckpoint } from '../notes/index.js';
import type { Trust } from '../receipts/index.js';
import type { LogFiles } from '../tiles/index.js';
import { checkpointPath, tileHeight } from '../tiles/index.js';
import type { Heads, Kept } from './heads.js';
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

/** A leaf that is not what it should commit to, and why. */
export interface WrongLeaf {
  leaf: Leaf;
  reason: string;
  /** Default `event`. */
  kind?: 'event' | 'event_missing';
}

export interface LogCheck {
  trust: Trust;
  /** A checkpoint of this log that was kept, or several, in any order: the log must extend each. */
  from?: Kept;
  /** Checkpoints that the log itself has signed elsewhere, verified already: it must extend each of these too. */
  own?: readonly SignedCheckpoint[];
  /** Leaves that verified receipts have shown: the log must have each of them, as far as it reaches. */
  shown?: readonly Leaf[];
  /**
   * Holds up to 256 leaves at a time, those of one bundle, against what they commit to; gives the first one that is wrong. Without it,
   * the tree alone is verified.
   */
  examine?: (leaves: readonly Leaf[]) => Promise<WrongLeaf | undefined>;
  /** Told how many of the leaves are verified. */
  onProgress?: (verified: number, size: number) => void;
}

/** What a log has shown. */
export interface VerifiedLog {
  checkpoint: SignedCheckpoint;
  cosignatures: readonly Cosignature[];
  /** Those of `from`, the smallest first: the log extends each of them. */
  extended: readonly SignedCheckpoint[];
  /** The last position of each shard: what the event log must have reached at least. */
  shards: ReadonlyMap<number, number>;
}

/** One pass over a log, from its first leaf to its last. */
class Pass {
  readonly positions = new ShardPositions();
  readonly #range = new CompactRange();
  readonly #upper: UpperTiles;
  /** By index: the entries that receipts have shown there. */
  readonly #shown = new Map<number, Uint8Array[]>();
  private readonly examine: LogCheck['examine'];
  /** How many of the older checkpoints the leaves so far have passed. */
  #passed = 0;

  constructor(
    files: LogFiles,
    private readonly heads: Heads,
    { examine, shown = [] }: LogCheck,
  ) {
    this.examine = examine;
    for (const { index, entry } of shown)
      this.#shown.set(index, [...(this.#shown.get(index) ?? []), formatEntry(entry)]);
    this.#upper = new UpperTiles(files, heads.checkpoint.size);
    this.#requireExtension(); // of those of size 0
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
    const { leaf, reason, kind = 'event' } = wrong;
    const { index, entry } = leaf;
    const place = { index, shard: entry.shard, position: entry.position };
    throw new LogBroken({ kind, message: `leaf ${String(index)}: ${reason}`, path: chunk.bundlePath, ...place });
  }

  #leaf(chunk: LeafChunk, bytes: Uint8Array, at: number, onNode: OnNode): Leaf {
    const index = chunk.index + at;
    const hash = leafHash(bytes);
    if (!sameHash(hash, chunk.hashes[at] as Uint8Array)) {
      const message = `leaf ${String(index)}: ${chunk.bundlePath} and ${chunk.tilePath} disagree`;
      throw new LogBroken({ kind: 'leaf', message, path: chunk.bundlePath, index });
    }
    const entry = entryAt(bytes, index, chunk.bundlePath);
    if (this.#shown.get(index)?.some((other) => !sameHash(leafHash(other), hash)))
      throw new LogBroken({ kind: 'forked', message: otherLeaf(index), path: chunk.bundlePath, index });
    this.positions.take(entry, index);
    this.#range.append(hash, 0, onNode);
    this.#requireExtension();
    return { index, entry };
  }

  #requireExtension(): void {
    const { older } = this.heads;
    for (let next = older[this.#passed]; next?.size === this.#range.size; next = older[this.#passed]) {
      if (!sameHash(this.#range.root(), next.root)) throw this.#fork(next.size);
      this.#passed += 1;
    }
  }

  /** Somewhere between the last older checkpoint that the log extends and this one. */
  #fork(size: number): LogBroken {
    const index = this.heads.older[this.#passed - 1]?.size ?? 0;
    const leaves = `leaves ${String(index)} to ${String(size - 1)}`;
    const message = `${leaves} are not those of the older checkpoint of ${String(size)}: the log was rewritten or forked`;
    return new LogBroken({ kind: 'forked', message, path: checkpointPath, index });
  }

  end(): void {
    const { size, root } = this.heads.checkpoint;
    if (sameHash(this.#range.root(), root)) return;
    const message = `entries and tiles of the ${String(size)} leaves agree and make another root than the signed one`;
    throw new LogBroken({ kind: 'root', message, path: checkpointPath });
  }
}

const otherLeaf = (index: number): string =>
  `leaf ${String(index)} is not the one of which there is a receipt under another checkpoint: the log was rewritten or forked`;

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
  const heads = await readHeads(files, check.trust, check.from, check.own);
  const { checkpoint, cosignatures } = heads;
  const pass = new Pass(files, heads, check);
  for await (const chunk of leafChunks(files, checkpoint.size)) {
    await pass.take(chunk);
    check.onProgress?.(chunk.index + chunk.entries.length, checkpoint.size);
  }
  pass.end();
  return { checkpoint, cosignatures, extended: heads.kept, shards: pass.positions.heads() };
};
