import type { Checkpoint, TreeHead } from '#audit';
import { Malformed, parseCheckpoint, parseNote, sameHash } from '#audit';
import type { ObjectStore } from '#object-store';
import { ObjectTooLarge } from '#object-store';

import type { LastingAnchor } from '../ports.js';
import { AnchoredFork } from './anchored-fork.js';
import { checkpointPathOf, checkpointsPrefix, sizeLimit, sizeOfPath } from './checkpoint-path.js';

/** A note has some hundred bytes, and more with many cosignatures. */
const maxNoteBytes = 1_000_000;
/** How often it is looked for checkpoints that came while the newest was searched for. */
const maxLooks = 100;

export interface ObjectStoreAnchorOptions {
  pageLimit?: number;
  lost?: (size: number) => void;
}

/**
 * Keeps each checkpoint as a file of its own that is created and never replaced: in a folder, or in a bucket whose Object Lock lets nobody change it.
 * There is no pointer to the newest one that somebody could set back: it is found by listing.
 */
export class ObjectStoreAnchor implements LastingAnchor {
  readonly name: string;
  readonly #store: ObjectStore;
  readonly #pageLimit: number;
  readonly #lost: (size: number) => void;
  /** The largest that this process has seen there: where the search begins. */
  #known: number | undefined;
  /** Of the checkpoint that was told last to be lost. */
  #told: number | undefined;
  /** Whether this process has found its own log alone there since it began to keep checkpoints. */
  #isAlone = false;

  /** `pageLimit`: paths that are listed at once. `lost` is told when a checkpoint of so many leaves is no longer there that was, once for each. */
  constructor(store: ObjectStore, { pageLimit = 1_000, lost = () => undefined }: ObjectStoreAnchorOptions = {}) {
    this.name = store.name;
    this.#store = store;
    this.#pageLimit = pageLimit;
    this.#lost = lost;
  }

  /** Rejects with Malformed for what is no checkpoint. */
  async newest(): Promise<string | undefined> {
    const known = this.#known;
    if (known !== undefined && !(await this.#has(known))) {
      this.#known = undefined; // an older copy was put in its place: what that one has is what can be told
      this.#tellLost(known);
    }
    const size = await this.#newestSize();
    if (size === undefined) return undefined;
    this.#known = size;
    return this.#read(checkpointPathOf(size));
  }

  async lookFor(size: number): Promise<void> {
    if (!(await this.#has(size))) this.#tellLost(size);
  }

  async keep(head: TreeHead, note: string): Promise<void> {
    const path = checkpointPathOf(head.size);
    const { origin } = parseCheckpoint(parseNote(note).text);
    if ((await this.#store.create(path, Buffer.from(note))) === 'exists') {
      // Another signature or another cosignature of the same tree is no other checkpoint.
      const kept = await this.#assertOf(origin, head.size);
      if (kept.size !== head.size || !sameHash(kept.root, head.root)) {
        throw new AnchoredFork(`${this.name}/${path}`, head.size);
      }
    }
    this.#known = Math.max(this.#known ?? 0, head.size);
    if (!this.#isAlone) await this.#assertAlone(origin);
    this.#isAlone = true;
  }

  /** What is too large for a note is not the checkpoint that was there. */
  async #has(size: number): Promise<boolean> {
    try {
      return (await this.#store.read(checkpointPathOf(size), { maxBytes: maxNoteBytes })) !== undefined;
    } catch (error) {
      if (error instanceof ObjectTooLarge) return false;
      throw error;
    }
  }

  #tellLost(size: number): void {
    if (size === this.#told) return;
    this.#told = size;
    this.#lost(size);
  }

  /**
   * Of two logs that begin here at once, both found nothing. The second to write finds a checkpoint of the first below its own, or above it. Throws
   * AnchoredFork.
   */
  async #assertAlone(origin: string): Promise<void> {
    const [smallest] = await this.#sizesAfter(undefined);
    const newest = await this.#newestSize();
    for (const size of new Set([smallest, newest])) if (size !== undefined) await this.#assertOf(origin, size);
  }

  /** The checkpoint of that size. Throws AnchoredFork where it is of another log. */
  async #assertOf(origin: string, size: number): Promise<Checkpoint> {
    const path = checkpointPathOf(size);
    const kept = parseCheckpoint(parseNote(await this.#read(path)).text);
    if (kept.origin !== origin) throw new AnchoredFork(`${this.name}/${path}`, size, kept.origin);
    return kept;
  }

  async #read(path: string): Promise<string> {
    const where = `${this.name}/${path}`;
    const bytes = await this.#store.read(path, { maxBytes: maxNoteBytes }).catch((error: unknown) => {
      if (!(error instanceof ObjectTooLarge)) throw error;
      throw new Malformed(
        where,
        `it has more than ${String(maxNoteBytes)} bytes, and is not read: find out who wrote it`,
      );
    });
    if (!bytes) throw new Error(`${where} was listed and is not there: ask again`);
    return Buffer.from(bytes).toString('utf8');
  }

  /** One list when there is little that is newer than what is known, else some forty, however much the anchor keeps. */
  async #newestSize(): Promise<number | undefined> {
    let page = await this.#sizesAfter(this.#known);
    const last = page.at(-1);
    if (last === undefined) return this.#known;
    let newest = page.length < this.#pageLimit ? last : await this.#search(last);
    // Some stores skip a file after a path where none is. The last looks begin at one that is there.
    for (let looks = 0; looks < maxLooks; looks += 1) {
      page = await this.#sizesAfter(newest);
      newest = page.at(-1) ?? newest;
      if (page.length < this.#pageLimit) return newest;
    }
    throw new Error(`${this.name} gets new checkpoints as fast as they are listed: the newest cannot be told`);
  }

  /** Halves the sizes above `newest` until so few checkpoints are above it that one list has them. */
  async #search(newest: number): Promise<number> {
    for (let below = sizeLimit - 1; newest < below;) {
      const middle = newest + Math.floor((below - newest) / 2);
      const page = await this.#sizesAfter(middle);
      const last = page.at(-1);
      if (last === undefined) below = middle;
      else newest = last;
      if (page.length > 0 && page.length < this.#pageLimit) return newest;
    }
    return newest;
  }

  /** The smallest sizes above `size` of which there are checkpoints. */
  async #sizesAfter(size: number | undefined): Promise<number[]> {
    const after = size === undefined ? {} : { after: checkpointPathOf(size) };
    const paths = await this.#store.list(checkpointsPrefix, { ...after, limit: this.#pageLimit });
    return paths.map((path) => {
      const found = sizeOfPath(path);
      if (found !== undefined) return found;
      const reason = 'it has no name of a checkpoint; take it away, and find out who put it there';
      throw new Malformed(`${this.name}/${path}`, reason);
    });
  }
}
