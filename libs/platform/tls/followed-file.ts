import { setTimeout as sleep } from 'node:timers/promises';

import { ConfigurationError } from '../configuration/index.js';
import type { Patience } from './file-text.js';
import { PatientReader, readTextNow } from './file-text.js';

/** Whoever changes a file in place may be halfway through. */
const settleMs = 50;

/** What came of a look: `refused` says why, in one line, once for each content. */
export type Look = { outcome: 'same' | 'changed' } | { outcome: 'refused'; why: string };

export interface FollowedOptions<T> {
  /** Whether something is gone that was there before: such a content is taken when two looks have seen it. Default: never. */
  loses?: (before: T, next: T) => boolean;
  patience?: Patience;
}

/** What is looked at for changes. */
export interface Followed {
  /** The variable that names the files. */
  readonly setting: string;
  /** Whether what is in the files now could not be used, or not be read. */
  readonly isStale: boolean;
  look(): Promise<Look>;
}

/** The content of files that belong together, followed while they change. What cannot be used never takes the place of what could. */
export class FollowedFiles<T> implements Followed {
  readonly #reader: PatientReader;
  readonly #loses: (before: T, next: T) => boolean;
  #texts: readonly string[];
  #value: T;
  /** Seen once, with less in it than before. */
  #doubted: readonly string[] | undefined;
  #refused: string | undefined;

  /**
   * Reads `files`, which the variable `setting` names, and makes of their texts what is wanted. Throws ConfigurationError where they
   * cannot be read, or `parse` throws.
   */
  constructor(
    readonly setting: string,
    files: readonly string[],
    private readonly parse: (texts: readonly string[]) => T,
    { loses = () => false, patience = {} }: FollowedOptions<T> = {},
  ) {
    this.#reader = new PatientReader(files, patience);
    this.#loses = loses;
    try {
      this.#texts = files.map(readTextNow);
      this.#value = parse(this.#texts);
    } catch (error) {
      throw new ConfigurationError(`${setting}: ${describe(error)}`);
    }
  }

  get value(): T {
    return this.#value;
  }

  get isStale(): boolean {
    return this.#refused !== undefined;
  }

  /** Reads the files again, for some seconds at most; takes a content that was the same for 50 ms. */
  async look(): Promise<Look> {
    try {
      const texts = await this.#reader.texts();
      const changed = !isSame(texts, this.#texts) && (await this.#take(texts));
      this.#refused = undefined;
      return { outcome: changed ? 'changed' : 'same' };
    } catch (error) {
      this.#doubted = undefined;
      const why = describe(error);
      if (this.#refused === why) return { outcome: 'same' };
      this.#refused = why;
      return { outcome: 'refused', why };
    }
  }

  /** Whether it was taken: else the next look will tell. */
  async #take(texts: readonly string[]): Promise<boolean> {
    await sleep(settleMs);
    if (!isSame(texts, await this.#reader.texts())) return false;
    const value = this.parse(texts);
    const isDoubted = this.#doubted !== undefined && isSame(texts, this.#doubted);
    this.#doubted = undefined;
    if (!isDoubted && this.#loses(this.#value, value)) {
      this.#doubted = texts;
      return false;
    }
    this.#value = value;
    this.#texts = texts;
    return true;
  }
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.every((text, at) => text === others[at]);

const describe = (error: unknown): string => {
  const { code, path, message } = error as NodeJS.ErrnoException;
  return path === undefined ? message : `${path} cannot be read (${code})`;
};
