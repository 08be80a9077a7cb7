import type { Interleaving } from '#audit-log';
import { interleavingPath, interleavingPrefix, sizeOfInterleavingPath } from '#audit-log';
import type { ObjectStore } from '#object-store';

/** Records that are read while the steps before them are worked on. */
const readAhead = 16;
/** Paths that are listed at once. */
const listedAtOnce = 1_000;

export interface StepsAheadOptions {
  store: Pick<ObjectStore, 'list'>;
  /** The record of the step that begins at a size; undefined where there is none. */
  readStep: (size: number) => Promise<Interleaving | undefined>;
  /** Does beforehand what takes time with a step that will be worked on. What it throws is not heard: it is done again then. */
  prepare: (step: Interleaving) => Promise<void>;
}

interface Ahead {
  size: number;
  step: Promise<Interleaving | undefined>;
}

/**
 * The records of steps that are gone through in their order. A store of which each answer takes a while is asked for sixteen at once, by their paths;
 * which record follows is still told by the one before it alone, and a path that the listing has and no step leads to counts for nothing. Nothing is
 * listed before a step is found: where a log is opened as it was left, there is none. What cannot be listed or read ahead just now is read in its turn.
 */
export class StepsAhead {
  readonly #options: StepsAheadOptions;
  #ahead: Ahead[] = [];
  #listed: number[] = [];
  #isAllListed = false;

  constructor(options: StepsAheadOptions) {
    this.#options = options;
  }

  /** The step that begins at `size`, which grows from call to call; undefined where there is none. Rejects as `readStep` does. */
  async at(size: number): Promise<Interleaving | undefined> {
    while ((this.#ahead[0]?.size ?? Infinity) < size) this.#ahead.shift();
    const readNow = (): Promise<Interleaving | undefined> => this.#options.readStep(size);
    const ahead = this.#ahead[0]?.size === size ? this.#ahead.shift() : undefined;
    const step = await (ahead ? ahead.step.catch(readNow) : readNow());
    if (step) await this.#fill(size);
    return step;
  }

  async #fill(size: number): Promise<void> {
    while (this.#ahead.length < readAhead) {
      if (this.#listed.length === 0) await this.#list(this.#ahead.at(-1)?.size ?? size);
      const next = this.#listed.shift();
      if (next === undefined) return;
      if (next <= size) continue; // names that somebody put between two steps
      const step = this.#read(next);
      step.catch(() => undefined); // it is read again where it is awaited
      this.#ahead.push({ size: next, step });
    }
  }

  async #list(after: number): Promise<void> {
    if (this.#isAllListed) return;
    const range = { after: interleavingPath(after), limit: listedAtOnce };
    const paths = await this.#options.store.list(interleavingPrefix, range).catch((): string[] => []);
    this.#isAllListed = paths.length < listedAtOnce;
    this.#listed = paths.map(sizeOfInterleavingPath).filter((size) => size !== undefined);
  }

  async #read(size: number): Promise<Interleaving | undefined> {
    const step = await this.#options.readStep(size);
    if (step) await this.#options.prepare(step).catch(() => undefined);
    return step;
  }
}
