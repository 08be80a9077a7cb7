import { readFileSync, renameSync, writeFileSync } from 'node:fs';

import { UsageError } from '../usage.js';

/** Where a replay stands: what it replays, and the last position of each shard that it has handed over. */
interface Saved {
  version: 1;
  replay: string;
  positions: Record<string, number>;
}

/** The file of `--resume`: written after each page, read by the next run of the same replay. */
export class ResumeFile {
  readonly #path: string;
  readonly #replay: string;

  /** `replay` tells this replay from another one. */
  constructor(path: string, replay: string) {
    this.#path = path;
    this.#replay = replay;
  }

  /** The last position of each shard that was handed over; undefined before the first run. Throws UsageError. */
  read(): Map<number, number> | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new UsageError(`the resume file cannot be read: ${(error as Error).message}`);
    }
    const saved = savedIn(text);
    if (!saved) throw new UsageError(`${this.#path} is no resume file of a replay; name another or remove it`);
    if (saved.replay !== this.#replay)
      throw new UsageError(
        `${this.#path} belongs to a replay with other options: ${saved.replay}; use those, or another file`,
      );
    return new Map(Object.entries(saved.positions).map(([shard, position]) => [Number(shard), position]));
  }

  /** Replaces the file in one step, so that a crash leaves the old one or the new one. */
  write(positions: ReadonlyMap<number, number>): void {
    const saved: Saved = { version: 1, replay: this.#replay, positions: Object.fromEntries(positions) };
    const beside = `${this.#path}.new`;
    try {
      writeFileSync(beside, `${JSON.stringify(saved)}\n`);
      renameSync(beside, this.#path);
    } catch (error) {
      throw new UsageError(`the resume file cannot be written: ${(error as Error).message}`);
    }
  }
}

const savedIn = (text: string): Saved | undefined => {
  try {
    const value = JSON.parse(text) as Partial<Saved> | null;
    const positions = Object.entries(value?.positions ?? { none: -1 });
    const whole = positions.every(([shard, at]) => /^\d{1,2}$/.test(shard) && Number.isSafeInteger(at) && at >= 0);
    return value?.version === 1 && typeof value.replay === 'string' && whole ? (value as Saved) : undefined;
  } catch {
    return undefined;
  }
};
