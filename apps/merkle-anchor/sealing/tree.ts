import type { LogFile, TreeHead } from '#audit';
import { TiledLog } from '#audit';
import type { Interleaving } from '#audit-log';
import type { ObjectStore } from '#object-store';

import { writeFiles } from './log-writer.js';

/**
 * The growing tree and its files. Full tiles and bundles are written with each step; those that are still open only when the tree is to be
 * signed: nobody can ask for the partial tiles of a size that no checkpoint names.
 */
export class SealedTree {
  readonly #store: ObjectStore;
  readonly #log: TiledLog;
  /** By the folder of the tile: the newest open one of each level. */
  readonly #open = new Map<string, LogFile>();
  #steps: Interleaving[] = [];

  private constructor(store: ObjectStore, log: TiledLog) {
    this.#store = store;
    this.#log = log;
  }

  /** The tree as its files have it. Throws what TiledLog.resume throws. */
  static async resume(store: ObjectStore, head: TreeHead): Promise<SealedTree> {
    return new SealedTree(store, await TiledLog.resume(store, head));
  }

  head(): TreeHead {
    return this.#log.head();
  }

  /** Adds entries, in memory alone, and gives the files that are full now. Who cannot write them has to resume the tree anew. */
  append(entries: readonly Uint8Array[]): LogFile[] {
    const files = this.#log.append(entries);
    for (const file of files.filter(isOpen)) this.#open.set(levelOf(file), file);
    return files.filter((file) => !isOpen(file));
  }

  /** Notes a step that is durable: it waits for a checkpoint that covers it. */
  sealed(step: Interleaving): void {
    // A hash lies in a slab of some kilobytes with others, which are forgotten: kept as it is, it would keep the slab.
    this.#steps.push({ ...step, root: new Uint8Array(step.root) });
  }

  /** Makes every file of the tree durable, as it has to be before its head is signed. */
  async flush(): Promise<void> {
    await writeFiles(this.#store, [...this.#open.values()]);
    this.#open.clear();
  }

  /** Steps that no checkpoint covers. */
  get unpublished(): number {
    return this.#steps.length;
  }

  /** The steps before `size`, in their order. */
  stepsBefore(size: number): Interleaving[] {
    return this.#steps.filter((step) => step.size < size);
  }

  /** Forgets the steps before `size`: their runs are in Postgres. */
  forgetBefore(size: number): void {
    this.#steps = this.#steps.filter((step) => step.size >= size);
  }
}

const isOpen = ({ path }: LogFile): boolean => path.includes('.p/');
const levelOf = ({ path }: LogFile): string => path.split('/', 2).join('/');
