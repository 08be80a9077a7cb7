import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/** Folders whose own entry is known to be durable, before they are looked at anew. */
const maxKnown = 4_096;

interface Sync {
  running: Promise<void>;
  /** What those wait for that came while it ran: it may have read the folder before their entry was there. */
  next: Promise<void> | undefined;
}

/**
 * Folders below a root of which the names survive a crash: a file that is synced is still lost when the folder that names it, or one above,
 * is not. Syncs of one folder that are asked for at once are one.
 */
export class DurableFolders {
  readonly #known = new Set<string>();
  readonly #syncs = new Map<string, Sync>();

  constructor(
    private readonly root: string,
    private readonly mode: number,
  ) {}

  /** Makes the folder of a file and those above it. One that another process has made is synced all the same: it may not be durable yet. */
  async ensure(folder: string): Promise<void> {
    if (this.#known.has(folder)) return;
    if (folder === this.root) await this.#makeRoot();
    else {
      await this.ensure(dirname(folder));
      await mkdir(folder, { mode: this.mode }).catch(unlessThere);
      await this.sync(dirname(folder));
    }
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.add(folder);
  }

  /** Resolves once every entry that the folder has now is durable. */
  async sync(folder: string): Promise<void> {
    const under = this.#syncs.get(folder);
    if (!under) {
      await this.#start(folder);
      return;
    }
    under.next ??= under.running.catch(() => undefined).then(() => this.#start(folder));
    await under.next;
  }

  /** Forgets what it knew: somebody deleted folders while we ran. */
  forget(): void {
    this.#known.clear();
  }

  #start(folder: string): Promise<void> {
    const running = syncFolder(folder);
    const sync: Sync = { running, next: undefined };
    this.#syncs.set(folder, sync);
    const done = (): void => {
      if (this.#syncs.get(folder) === sync && sync.next === undefined) this.#syncs.delete(folder);
    };
    running.then(done, done);
    return running;
  }

  async #makeRoot(): Promise<void> {
    const first = await makeWithParents(this.root, this.mode);
    if (first === undefined) return;
    for (const folder of chain(dirname(first), dirname(this.root))) await syncFolder(folder);
  }
}

/**
 * Makes a folder and those above it. Gives the uppermost one that it has made, undefined where all were there. Node's own `recursive` never ends
 * where a file system takes no folders and says ENOENT, as /proc does.
 */
const makeWithParents = async (folder: string, mode: number): Promise<string | undefined> => {
  const parent = dirname(folder);
  try {
    await mkdir(folder, { mode });
    return folder;
  } catch (error) {
    if (await isFolder(folder)) return undefined;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error;
  }
  const first = await makeWithParents(parent, mode);
  await mkdir(folder, { mode }).catch(unlessThere);
  return first ?? folder;
};

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

/** `from`, and the folders on the way to `to`, which lies below it or is it. */
const chain = (from: string, to: string): string[] => {
  const steps = to.slice(from.length).split(sep).filter(Boolean);
  return [from, ...steps.map((_, at) => join(from, ...steps.slice(0, at + 1)))];
};

const unlessThere = (error: unknown): void => {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
};

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
};
