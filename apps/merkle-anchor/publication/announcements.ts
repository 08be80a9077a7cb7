import { setTimeout as sleep } from 'node:timers/promises';

import type { TreeHead } from '#audit';
import { within } from '#platform/waiting';

import type { CheckpointAnchor } from '../ports.js';
import { SealingStopped } from '../stopped.js';
import { unlessForked } from './unless-forked.js';

/** How often one that could not be told is told again. */
const retryMs = 2_000;
/** Closing waits so long for what is on its way. */
const closeAnywayMs = 3_000;

interface Checkpoint {
  head: TreeHead;
  note: string;
}

/**
 * Tells somebody of each published checkpoint, one at a time and beside the sealing: who is slow or away delays nothing, and is told of the
 * newest checkpoint alone when he is back.
 */
export class Announcements {
  readonly #to: CheckpointAnchor;
  readonly #warn: (message: string, context: Record<string, unknown>) => void;
  readonly #stop = new AbortController();
  #next: Checkpoint | undefined;
  #telling: Promise<void> | undefined;
  #fork: SealingStopped | undefined;

  constructor(to: CheckpointAnchor, warn: (message: string, context: Record<string, unknown>) => void) {
    this.#to = to;
    this.#warn = warn;
  }

  /** Takes a checkpoint to be told of, in place of one that waits. Throws SealingStopped (forked) once the other side has shown another tree. */
  announce(head: TreeHead, note: string): void {
    if (this.#fork) throw this.#fork;
    this.#next = { head, note };
    this.#telling ??= this.#tell().finally(() => (this.#telling = undefined));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await within(this.#telling, closeAnywayMs);
  }

  async #tell(): Promise<void> {
    const { signal } = this.#stop;
    for (let told = this.#next; told && !this.#fork && !signal.aborted; told = this.#next) {
      try {
        await unlessForked(() => this.#to.keep(told.head, told.note));
        if (this.#next === told) this.#next = undefined;
      } catch (error) {
        if (error instanceof SealingStopped) this.#fork = error;
        const context = { where: this.#to.name, size: told.head.size, error: String(error) };
        this.#warn('a checkpoint is published, and telling of it failed and is tried again', context);
        await sleep(retryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
