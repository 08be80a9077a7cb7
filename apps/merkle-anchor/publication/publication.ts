import type { NoteSigner, TreeHead } from '#audit';
import {
  FileMissing,
  Malformed,
  TileNodes,
  checkpointPath,
  consistencyProof,
  formatCheckpoint,
  formatVkeyFile,
  parseCheckpoint,
  parseNote,
  signNote,
  vkeyPath,
} from '#audit';
import type { ObjectStore } from '#object-store';
import type { Pool } from 'pg';

import type { AnchorObserver } from '../observer.js';
import type { CheckpointAnchor, KeyReceipts, LogSigners, Witnesses } from '../ports.js';
import { StepRuns } from '../sealing/step-runs.js';
import type { SealedTree } from '../sealing/tree.js';
import { unlessChanged } from '../sealing/unless-changed.js';
import { assertNothingFollows } from './nothing-follows.js';
import { isFork, unlessForked } from './unless-forked.js';

export interface PublicationOptions {
  pool: Pick<Pool, 'query'>;
  store: ObjectStore;
  origin: string;
  signers: LogSigners;
  witnesses: Witnesses;
  /** Each of them keeps a checkpoint before it is published. */
  anchors: readonly CheckpointAnchor[];
  /** Is told of what has been published. */
  announce: (head: TreeHead, note: string) => void;
  keyReceipts: KeyReceipts;
  /** Throws where this process may no longer write. */
  assertMayWrite: () => void;
  observer: Pick<AnchorObserver, 'anchorFailed'>;
}

/**
 * Signs the head of the tree and publishes it: files durable, signed, cosigned, kept by every anchor, and only then what readers are given.
 * Each part may be done again: nothing of it depends on whether an earlier try was cut short.
 */
export class Publication {
  readonly #options: PublicationOptions;
  #vkeys = '';
  /** As this process published it last. */
  #note: Buffer | undefined;

  constructor(options: PublicationOptions) {
    this.#options = options;
  }

  /** Publishes a checkpoint of the tree as it is, and gives its head. Throws SealingStopped, Overtaken, and what its parts throw. */
  async publish(tree: SealedTree): Promise<TreeHead> {
    const { pool, store, assertMayWrite, announce, keyReceipts } = this.#options;
    const head = tree.head();
    await tree.flush();
    assertMayWrite();
    const note = await this.#sign(head);
    assertMayWrite();
    await unlessForked(
      () => this.#keep(head, note),
      () => this.#assertNewest(head),
    );
    assertMayWrite();
    this.#note = Buffer.from(note);
    await store.replace(checkpointPath, this.#note);
    const runs = new StepRuns(pool);
    for (const step of tree.stepsBefore(head.size)) await runs.add(step);
    await runs.flush();
    tree.forgetBefore(head.size);
    await unlessChanged(() => keyReceipts.published(head, note), [FileMissing]);
    announce(head, note);
    return head;
  }

  /**
   * Gives whether readers are given the keys that sign, and a checkpoint of `published` at least: a writer of before, paused until now, may have put
   * older ones in their place. The checkpoint that this process published last it puts back itself: signed and witnessed it is, so nobody else need be
   * there for it. Where it gives false, the next `publish` writes both anew. `head`: of the tree; where another anchor has gone on after it, the
   * checkpoint may be of that one, and it throws Overtaken. Rejects as the store does, and as those who sign do.
   */
  async heal(published: TreeHead, head: TreeHead): Promise<boolean> {
    const { store, signers } = this.#options;
    const note = await this.#putBack(head);
    const vkeys = vkeysOf(await signers.current());
    const there = Buffer.from((await readGiven(store, vkeyPath)) ?? []).toString();
    this.#vkeys = there;
    return there === vkeys && note !== undefined && sizeIn(note) >= published.size;
  }

  /** Gives the checkpoint that is there then. */
  async #putBack(head: TreeHead): Promise<Uint8Array | undefined> {
    const { store } = this.#options;
    const there = await readGiven(store, checkpointPath);
    if (!this.#note || (there && this.#note.equals(there))) return there;
    await this.#assertNewest(head);
    await store.replace(checkpointPath, this.#note);
    return this.#note;
  }

  async #sign(head: TreeHead): Promise<string> {
    const { origin, signers, store, witnesses } = this.#options;
    const current = await signers.current();
    await this.#writeKeys(vkeysOf(current));
    const note = await signNote(formatCheckpoint({ origin, ...head, extensions: [] }), current);
    const nodes = new TileNodes(store, head.size);
    const consistencyFrom = (older: number) => unlessChanged(() => consistencyProof(nodes, older, head.size));
    return unlessForked(
      () => witnesses.cosign(note, head, consistencyFrom),
      () => this.#assertNewest(head),
    );
  }

  async #assertNewest(head: TreeHead): Promise<void> {
    this.#options.assertMayWrite();
    await assertNothingFollows(this.#options.store, head);
  }

  async #writeKeys(vkeys: string): Promise<void> {
    if (vkeys === this.#vkeys) return;
    this.#options.assertMayWrite();
    await this.#options.store.replace(vkeyPath, Buffer.from(vkeys));
    this.#vkeys = vkeys;
  }

  /** All of them at once; throws the first failure after each had its turn, a fork before all others. */
  async #keep(head: TreeHead, note: string): Promise<void> {
    const { anchors, observer } = this.#options;
    const kept = await Promise.allSettled(anchors.map((anchor) => anchor.keep(head, note)));
    const failures = kept.flatMap((each, at) => {
      if (each.status === 'fulfilled') return [];
      observer.anchorFailed(anchors[at]?.name ?? '', each.reason);
      return [each.reason as unknown];
    });
    if (failures.length > 0) throw failures.find(isFork) ?? failures[0];
  }
}

/** What readers are given at a path: nothing that is of use to them where it is larger than such a file can be. */
const readGiven = async (store: ObjectStore, path: string): Promise<Uint8Array | undefined> => {
  try {
    return await store.read(path);
  } catch (error) {
    if (error instanceof Malformed) return new Uint8Array();
    throw error;
  }
};

/** A line for each key, the newest first. */
const vkeysOf = (signers: readonly NoteSigner[]): string => formatVkeyFile(signers.map(({ key }) => key));

/** Leaves of a checkpoint as it stands there, whoever signed it; -1 where it is none. */
const sizeIn = (note: Uint8Array): number => {
  try {
    return parseCheckpoint(parseNote(note).text).size;
  } catch (error) {
    if (error instanceof Malformed) return -1;
    throw error;
  }
};
