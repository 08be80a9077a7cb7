import type { Stats } from 'node:fs';
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whoever should write into a FIFO is not waited for: it is none of what is read here. */
const flags = constants.O_RDONLY | constants.O_NONBLOCK;
const maxBytes = 1_024 * 1_024;

/** The text of a regular file of 1 MiB at most, at once. Throws for any other. */
export const readTextNow = (file: string): string => {
  const descriptor = openSync(file, flags);
  try {
    demandRegular(file, fstatSync(descriptor));
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
};

/** The same, later. On a file system that does not answer it never ends. */
export const readText = async (file: string): Promise<string> => {
  const handle = await open(file, flags);
  try {
    demandRegular(file, await handle.stat());
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
};

const demandRegular = (file: string, stats: Stats): void => {
  if (!stats.isFile()) throw new Error(`${file} cannot be read (no regular file)`);
  if (stats.size > maxBytes) throw new Error(`${file} cannot be read (larger than 1 MiB)`);
};

/** Of the four threads that Node reads files, looks up names and signs with. */
const mostThreads = 3;
let threads = 0;

export interface Patience {
  /** Default: as it is on the disk. */
  read?: (file: string) => Promise<string>;
  /** Default 2,000. */
  ms?: number;
}

/**
 * Reads the same files again and again, and waits so long and no longer. What hangs goes on to hang, in a thread: no other is spent on
 * the same files until it has ended, and never all that there are.
 */
export class PatientReader {
  #hangs = false;
  readonly #read: (file: string) => Promise<string>;
  readonly #ms: number;

  constructor(
    private readonly files: readonly string[],
    { read = readText, ms = 2_000 }: Patience,
  ) {
    this.#read = read;
    this.#ms = ms;
  }

  /** Throws where one of them cannot be read, or not yet. */
  async texts(): Promise<string[]> {
    const late = new Error(`${this.files.join(' and ')} cannot be read (no answer in ${this.#ms / 1_000} s)`);
    if (this.#hangs) throw late;
    const deadline = Date.now() + this.#ms;
    while (threads >= mostThreads) {
      if (Date.now() > deadline) throw late;
      await sleep(10);
    }
    const reading = this.#readAll();
    const timer = new AbortController();
    const wait = { signal: timer.signal, ref: false };
    const patience = sleep(deadline - Date.now(), 'late' as const, wait).catch(() => 'late' as const);
    try {
      const texts = await Promise.race([reading, patience]);
      if (texts === 'late') throw late;
      return texts;
    } finally {
      timer.abort();
    }
  }

  /** One after the other: a thread each would be too many. */
  async #readAll(): Promise<string[]> {
    this.#hangs = true;
    threads += 1;
    try {
      const texts: string[] = [];
      for (const file of this.files) texts.push(await this.#read(file));
      return texts;
    } finally {
      threads -= 1;
      this.#hangs = false;
    }
  }
}
