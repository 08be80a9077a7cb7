import type { NodeReader, TreeHead, VerifierKey } from '#audit';
import {
  Malformed,
  TileNodes,
  checkpointPath,
  formatVerifierKey,
  keyReceiptPath,
  maxKeyEvents,
  openCheckpoint,
  parseKeyReceipt,
  parseTilePath,
  vkeyPath,
  widthIn,
} from '#audit';
import type { ObjectStore } from '#object-store';
import { ObjectStoreUnavailable } from '#object-store';

import { ProblemError } from '../http/problem.js';
import { KeptTiles } from './kept-tiles.js';
import { inconsistent } from './problems.js';

/** How old a checkpoint may be that is answered: whoever asks more often is answered the same. */
const freshMs = 100;

/** A published head of the log, its signature verified, with what proofs under it are made of. */
export interface PublishedHead extends TreeHead {
  /** The note as it is published, character for character. */
  note: string;
  nodes: NodeReader;
  /** Has every tile read anew: a proof of them did not hold, and nobody knows which of them to blame. */
  forgetTiles(): void;
}

interface Latest {
  bytes: Uint8Array | undefined;
  at: number;
}

/**
 * The audit log as outsiders read it, out of the store that the anchor writes. Whose checkpoints are believed the store does not say: who writes
 * there could name a key of theirs. Rejects with ProblemError 503 while the store is away.
 */
export class PublishedLog {
  readonly #files: KeptTiles;
  /** In their order from the first; they never change. */
  readonly #keyReceipts: Uint8Array[] = [];
  #latest: Latest | undefined;
  #reading: Promise<Uint8Array | undefined> | undefined;
  #head: PublishedHead | undefined;
  #opening: { note: string; head: Promise<PublishedHead> } | undefined;

  constructor(
    private readonly store: Pick<ObjectStore, 'read'>,
    private readonly origin: string,
    /** The keys that sign the log now, by the history of its keys. A published checkpoint always is signed by one of them. */
    private readonly signingKeys: () => Promise<readonly VerifierKey[]>,
  ) {
    this.#files = new KeptTiles(store);
  }

  /** The checkpoint, at most 100 ms old; undefined while nothing is published. */
  async checkpoint(): Promise<Uint8Array | undefined> {
    if (this.#latest && performance.now() - this.#latest.at < freshMs) return this.#latest.bytes;
    return this.#readAnew();
  }

  /**
   * The published head; one that holds more than `leaves` leaves, where there is one. undefined while nothing is published. Throws
   * ProblemError 503 for a checkpoint that is none of this log's.
   */
  async head(leaves = 0): Promise<PublishedHead | undefined> {
    const head = await this.#opened(await this.checkpoint());
    return head && head.size > leaves ? head : this.#opened(await this.#readAnew());
  }

  /** The bytes of a tile or of an entry bundle that the published checkpoint covers; undefined for every other path. */
  async tile(path: string): Promise<Uint8Array | undefined> {
    const place = placeOf(path);
    if (!place) return undefined;
    const leafLevel = place.level === 'entries' ? 0 : place.level;
    for (const read of [() => this.head(), () => this.head(Infinity)]) {
      const size = (await read())?.size ?? 0;
      if (widthIn(size, leafLevel, place.index) >= place.width) return this.#read(path, this.#files);
    }
    return undefined;
  }

  /** The keys that the log says it signs with now, one vkey a line, newest first; undefined while nothing is published. */
  vkeys(): Promise<Uint8Array | undefined> {
    return this.#read(vkeyPath, this.store);
  }

  /** The receipt of the `n`th event of the key history, 1 to 999; undefined where there is none. */
  async keyReceipt(n: number): Promise<Uint8Array | undefined> {
    const bytes = this.#keyReceipts[n - 1] ?? (await this.#read(keyReceiptPath(n), this.store));
    if (bytes && n === this.#keyReceipts.length + 1) this.#keyReceipts.push(bytes);
    return bytes;
  }

  /** The key history: of each event the key that it is about, and its receipt. Nothing of it is verified: that is the reader's part. */
  async keyHistory(): Promise<{ vkey: string; receipt: string }[]> {
    const history: { vkey: string; receipt: string }[] = [];
    for (let n = 1; n <= maxKeyEvents; n += 1) {
      const bytes = await this.keyReceipt(n);
      if (!bytes) break;
      history.push({ vkey: this.#vkeyIn(bytes), receipt: Buffer.from(bytes).toString() });
    }
    return history;
  }

  #vkeyIn(receipt: Uint8Array): string {
    try {
      return formatVerifierKey(parseKeyReceipt(receipt, this.origin).key);
    } catch (error) {
      throw inconsistent(`a published receipt of the key history cannot be read: ${(error as Error).message}`);
    }
  }

  #readAnew(): Promise<Uint8Array | undefined> {
    this.#reading ??= this.#read(checkpointPath, this.store)
      .then((bytes) => {
        this.#latest = { bytes, at: performance.now() };
        return bytes;
      })
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  async #opened(bytes: Uint8Array | undefined): Promise<PublishedHead | undefined> {
    if (!bytes) return undefined;
    const note = Buffer.from(bytes).toString();
    if (this.#head?.note === note) return this.#head;
    if (this.#opening?.note !== note) this.#opening = { note, head: this.#verified(note) };
    return this.#opening.head;
  }

  async #verified(note: string): Promise<PublishedHead> {
    try {
      const { size, root } = this.#open(note, await this.signingKeys());
      return (this.#head = this.#headOf({ size, root }, note));
    } finally {
      if (this.#opening?.note === note) this.#opening = undefined;
    }
  }

  #headOf(head: TreeHead, note: string): PublishedHead {
    const nodes = new TileNodes({ read: (path) => this.#read(path, this.#files) }, head.size);
    const forgetTiles = (): void => {
      this.#files.forget();
      if (this.#head?.note === note) this.#head = undefined;
    };
    return { ...head, note, nodes, forgetTiles };
  }

  #open(note: string, keys: readonly VerifierKey[]): TreeHead {
    try {
      return openCheckpoint(note, { origin: this.origin, keys });
    } catch (error) {
      throw inconsistent(`the published checkpoint is none of ${this.origin}: ${(error as Error).message}`);
    }
  }

  #read(path: string, files: Pick<ObjectStore, 'read'>): Promise<Uint8Array | undefined> {
    return available(() => files.read(path));
  }
}

const placeOf = (path: string): ReturnType<typeof parseTilePath> | undefined => {
  try {
    return parseTilePath(path);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
};

const available = async <T>(read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Malformed)
      throw inconsistent(`a file of the published audit log cannot be read: ${error.message}`);
    if (!(error instanceof ObjectStoreUnavailable)) throw error;
    throw new ProblemError(
      503,
      'audit_log_unavailable',
      `the store of the audit log cannot be reached (${error.trouble}); ask again in a moment`,
      {},
      { 'retry-after': '5' },
    );
  }
};
