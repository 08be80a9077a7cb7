import type { LogFile, LogFiles } from '../tiles/index.js';

/** The files of a log in memory. */
export class MemoryLogFiles implements LogFiles {
  constructor(readonly files = new Map<string, Uint8Array>()) {}

  read(path: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.files.get(path));
  }

  /** Throws when a file that is there would get other bytes: tiles and bundles never change. */
  write(files: readonly LogFile[]): void {
    for (const { path, bytes } of files) {
      const there = this.files.get(path);
      if (there && !Buffer.from(there).equals(bytes)) throw new Error(`${path} is written with other bytes`);
      this.files.set(path, bytes);
    }
  }

  copy(): MemoryLogFiles {
    return new MemoryLogFiles(new Map(this.files));
  }
}
