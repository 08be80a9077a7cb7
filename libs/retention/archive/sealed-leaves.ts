import type { LogIdentity, SignedCheckpoint } from '#audit';
import {
  checkpointPath,
  fullWidth,
  inclusionProof,
  leafHash,
  openCheckpoint,
  ProofRefused,
  readBundle,
  sameHash,
  TileNodes,
  verifyInclusion,
  widthIn,
} from '#audit';
import type { LogFiles } from '#audit';
import { LRUCache } from 'lru-cache';

/** Bundles that are kept: the shards of a month lie mixed, so neighbours are asked for soon again. */
const maxBundles = 64;

/**
 * The entries of the audit log under one checkpoint that the log has signed. Each is held against the root before it is given: one inclusion
 * proof binds the tile of a bundle, and the tile binds the bundle's entries.
 */
export class SealedLeaves {
  readonly #nodes: TileNodes;
  readonly #bundles = new LRUCache<number, Promise<readonly Uint8Array[]>>({ max: maxBundles });

  private constructor(
    private readonly files: LogFiles,
    /** The note that was signed, as text. */
    readonly note: string,
    private readonly checkpoint: SignedCheckpoint,
  ) {
    this.#nodes = new TileNodes(files, checkpoint.size);
  }

  /** Under `note`, by default the newest checkpoint of the log; undefined where it has none yet. Throws what `openCheckpoint` throws. */
  static async open(files: LogFiles, log: LogIdentity, note?: string): Promise<SealedLeaves | undefined> {
    const bytes = note ?? (await files.read(checkpointPath));
    if (bytes === undefined) return undefined;
    const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString();
    return new SealedLeaves(files, text, openCheckpoint(text, log));
  }

  /** Leaves under the checkpoint. */
  get size(): number {
    return this.checkpoint.size;
  }

  /** The bytes of the entry at `index` (0-based, below `size`). Throws where the log's files are not those of its checkpoint. */
  async entryAt(index: number): Promise<Uint8Array> {
    const at = Math.floor(index / fullWidth);
    let bundle = this.#bundles.get(at);
    if (!bundle) {
      bundle = this.#verified(at);
      bundle.catch(() => this.#bundles.delete(at));
      this.#bundles.set(at, bundle);
    }
    const entry = (await bundle)[index % fullWidth];
    if (!entry) throw new RangeError(`there is no leaf ${index} under a checkpoint of ${this.size}`);
    return entry;
  }

  async #verified(at: number): Promise<readonly Uint8Array[]> {
    const begin = at * fullWidth;
    const entries = await readBundle(this.files, at, widthIn(this.size, 0, at));
    const [first] = entries;
    if (!first) return entries;
    const proof = await inclusionProof(this.#nodes, begin, this.size);
    verifyInclusion({ leafHash: leafHash(first), index: begin, proof }, this.checkpoint);
    for (const [offset, entry] of entries.entries())
      if (!sameHash(await this.#nodes.node(0, begin + offset), leafHash(entry)))
        throw new ProofRefused(`the entry of leaf ${begin + offset} is not the one that the audit log's tree has`);
    return entries;
  }
}
