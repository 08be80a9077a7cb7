import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { link, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ObjectStoreUnavailable, ObjectTooLarge } from '../errors.js';
import type { ObjectStore, ReadOptions } from '../object-store.js';
import { defaultMaxBytes } from '../object-store.js';
import { assertLimit, assertPath, assertPrefix, byBytes } from '../paths.js';
import { DurableFolders } from './durable-folders.js';

export interface DirectoryStoreOptions {
  /**
   * Whether other users of the machine may read the files (modes 0644 and 0755, less the umask), so that a web server can publish them. By
   * default nobody but the owner may (0600 and 0700).
   */
  published?: boolean;
}

/** Where files are until they are whole: no path of a store begins with a dot. */
const unfinished = '.unfinished';
/** A write takes seconds; what has lain there for this long was left by a process that was killed. */
const leftAfterMs = 3_600_000;

/**
 * A folder. A file is written and synced under another name, then linked (which fails where there is one) or renamed to its own, and then its
 * folder is synced: a crash leaves the file whole or not at all, and beside it at most a file under `.unfinished`, which a later process removes.
 * Works between processes, and needs a file system with hard links. Rejects with ObjectStoreUnavailable.
 */
export class DirectoryStore implements ObjectStore {
  readonly name: string;
  readonly #root: string;
  readonly #folders: DurableFolders;
  readonly #mode: number;
  #swept: Promise<void> | undefined;

  constructor(root: string, { published = false }: DirectoryStoreOptions = {}) {
    this.#root = resolve(root);
    this.name = `directory ${this.#root}`;
    this.#mode = published ? 0o644 : 0o600;
    this.#folders = new DurableFolders(this.#root, published ? 0o755 : 0o700);
  }

  async read(path: string, { maxBytes = defaultMaxBytes }: ReadOptions = {}): Promise<Uint8Array | undefined> {
    assertPath(path);
    const name = join(this.#root, path);
    try {
      const file = await open(name);
      try {
        const found = await file.stat();
        if (found.isDirectory()) return undefined;
        const { size } = found;
        if (size > maxBytes) throw new ObjectTooLarge(name, maxBytes);
        return await readAll(file, size);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (error instanceof ObjectTooLarge) throw error;
      if (isErrno(error, ...nothingThere)) return undefined;
      throw this.#unavailable('read', path, error);
    }
  }

  async create(path: string, bytes: Uint8Array): Promise<'created' | 'exists'> {
    return this.#write(path, bytes, async (temporary, file) => {
      try {
        await link(temporary, file);
        return 'created';
      } catch (error) {
        if (isErrno(error, 'EEXIST')) return 'exists';
        throw error;
      } finally {
        await unlink(temporary);
      }
    });
  }

  async replace(path: string, bytes: Uint8Array): Promise<void> {
    await this.#write(path, bytes, rename);
  }

  async list(prefix: string, { after = '', limit }: { after?: string; limit: number }): Promise<string[]> {
    assertPrefix(prefix);
    assertLimit(limit);
    const found: string[] = [];
    try {
      await this.#collect(prefix, after, limit, found);
    } catch (error) {
      throw this.#unavailable('list', prefix, error);
    }
    return found;
  }

  /** Whole at a name of its own first, then `put` in its place. Also what is there already is durable once this resolves: somebody may just have put it. */
  async #write<T>(path: string, bytes: Uint8Array, put: (temporary: string, file: string) => Promise<T>): Promise<T> {
    assertPath(path);
    const file = join(this.#root, path);
    try {
      await (this.#swept ??= this.#prepare());
      await this.#folders.ensure(dirname(file));
      const temporary = await this.#writeUnfinished(bytes);
      const done = await put(temporary, file).catch(async (error: unknown) => {
        await unlink(temporary).catch(() => undefined);
        throw error;
      });
      await this.#folders.sync(dirname(file));
      return done;
    } catch (error) {
      // A folder that vanished under us is made anew by the next write.
      this.#folders.forget();
      this.#swept = undefined;
      throw this.#unavailable('write', path, error);
    }
  }

  async #writeUnfinished(bytes: Uint8Array): Promise<string> {
    const temporary = join(this.#root, unfinished, randomUUID());
    const file = await open(temporary, 'wx', this.#mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } catch (error) {
      await unlink(temporary).catch(() => undefined);
      throw error;
    } finally {
      await file.close();
    }
    return temporary;
  }

  async #prepare(): Promise<void> {
    const folder = join(this.#root, unfinished);
    await this.#folders.ensure(folder);
    for (const name of await readdir(folder)) {
      const file = join(folder, name);
      const left = await stat(file).catch(() => undefined);
      if (left && Date.now() - left.mtimeMs > leftAfterMs) await unlink(file).catch(() => undefined);
    }
  }

  /** Goes down only where a path can lie that sorts after `after`, and no further than `limit` paths. */
  async #collect(prefix: string, after: string, limit: number, found: string[]): Promise<void> {
    for (const name of await this.#namesIn(prefix)) {
      if (found.length >= limit) return;
      const path = prefix + name;
      if (!name.endsWith('/')) {
        if (path > after) found.push(path);
      } else if (path > after || after.startsWith(path)) {
        await this.#collect(path, after, limit, found);
      }
    }
  }

  /** Names in a folder in the order of the paths they begin: those of folders end with `/`. */
  async #namesIn(prefix: string): Promise<string[]> {
    let entries: Dirent[];
    try {
      entries = await readdir(join(this.#root, prefix), { withFileTypes: true });
    } catch (error) {
      if (isErrno(error, ...nothingThere)) return [];
      throw error;
    }
    return entries
      .filter(({ name }) => !name.startsWith('.'))
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort(byBytes);
  }

  #unavailable(work: 'read' | 'write' | 'list', path: string, error: unknown): Error {
    const { code } = error as NodeJS.ErrnoException;
    return new ObjectStoreUnavailable(work, join(this.#root, path), code ?? 'unknown', { cause: error });
  }
}

/** The `size` bytes of a file. It is whole under its name, so that it has no fewer and gets no more. */
const readAll = async (file: FileHandle, size: number): Promise<Uint8Array> => {
  const bytes = Buffer.allocUnsafeSlow(size);
  let read = 0;
  do {
    const { bytesRead } = await file.read(bytes, read, size - read, read);
    if (bytesRead === 0) break;
    read += bytesRead;
  } while (read < size);
  return bytes.subarray(0, read);
};

/** No file, a file where the path has a folder, and a folder where it has the file. */
const nothingThere = ['ENOENT', 'ENOTDIR', 'EISDIR'] as const;

const isErrno = (error: unknown, ...codes: readonly string[]): boolean =>
  codes.includes(String((error as NodeJS.ErrnoException).code));
