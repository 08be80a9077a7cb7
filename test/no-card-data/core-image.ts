import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** Of this machine's memory; 0 where it does not show the memory of processes as files, as Linux does. */
const pageBytes = (() => {
  try {
    return Number(/^KernelPageSize: +(\d+) kB$/m.exec(readFileSync('/proc/self/smaps', 'latin1'))?.[1] ?? 0) * 1_024;
  } catch {
    return 0;
  }
})();
export const showsMemory = pageBytes > 0;

export interface RunningProcess {
  /** `supervisor`, the group of apps that it is, such as `back`, or as Postgres calls it, such as `postgres: walwriter`. */
  name: string;
  pid: number;
}

/** Every process of the standalone that runs on a data directory. */
export const processesOn = (dataDirectory: string): RunningProcess[] => {
  const { pid } = JSON.parse(readFileSync(join(dataDirectory, 'run.json'), 'utf8')) as { pid: number };
  const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' }).split('\n');
  const all = lines.flatMap((line) => {
    const [, id, parent, args = ''] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return id === undefined ? [] : [{ pid: Number(id), parent: Number(parent), args }];
  });
  const nameOf = (args: string): string =>
    /process\.js (\S+)$/.exec(args)?.[1] ?? args.replace(/^\S*\/(?=postgres )/, '');
  const below = (parent: number): RunningProcess[] =>
    all
      .filter((each) => each.parent === parent)
      .flatMap(({ pid: child, args }) => [{ name: nameOf(args).slice(0, 60).trim(), pid: child }, ...below(child)]);
  return [{ name: 'supervisor', pid }, ...below(pid)];
};

/** Whether an error says that the process has ended in the meantime, as Postgres's do that nobody needs any more. */
const hasEnded = (error: unknown): boolean => ['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Whether its memory is shown to us: that of another account's (Postgres's, where we are root) takes CAP_SYS_PTRACE, which containers lack. */
export const isShown = ({ pid }: RunningProcess): boolean => {
  try {
    closeSync(openSync(`/proc/${pid}/mem`, 'r'));
    return true;
  } catch (error) {
    return !['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
};

/** Soft and hard limit of the core files that a process may leave, as the kernel says them; undefined once it has ended. */
export const coreLimitOf = ({ pid }: RunningProcess): string[] | undefined => {
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, 'latin1');
    return /^Max core file size +(\S+) +(\S+)/m.exec(limits)?.slice(1) ?? [];
  } catch (error) {
    if (hasEnded(error)) return undefined;
    throw error;
  }
};

const chunkPages = 2_048;
/** A needle that lies across two chunks is whole in one of them. */
const overlapBytes = 512;
/** Bits of an entry of pagemap: the page is there, or swapped out; it is a file's, or shared. */
const [presentBit, swappedBit, fileBit] = [0x80, 0x40, 0x20];

interface Region {
  from: number;
  to: number;
  /** Whose memory it is, where processes share it. */
  shared: string | undefined;
}

/**
 * What core files of these processes would hold (core(5), with the kernel's usual filter): the pages that are a process's own, and those that
 * it shares without a file, as far as they are there; what several share once. In pieces that overlap, each with the process's name.
 */
export function* coreImagesOf(processes: readonly RunningProcess[]): Generator<[name: string, bytes: Buffer]> {
  const seen = new Set<string>();
  for (const { name, pid } of processes) {
    try {
      for (const bytes of imageOf(pid, seen)) yield [name, bytes];
    } catch (error) {
      if (!hasEnded(error)) throw error;
    }
  }
}

function* imageOf(pid: number, seen: Set<string>): Generator<Buffer> {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  try {
    for (const region of regionsOf(pid)) yield* pagesOf(memory, pagemap, region, seen);
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
}

const regionsOf = (pid: number): Region[] =>
  readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .flatMap((line) => {
      const match = /^(\w+)-(\w+) r..([ps]) \S+ (\S+ \d+) *(.*)$/.exec(line);
      if (!match) return [];
      const [, from = '', to = '', mode = '', file = '', path = ''] = match;
      const isShared = mode === 's';
      // The kernel's own pages; and files that are shared, which are searched as such.
      if (/^\[v(var|dso|syscall)/.test(path) || (isShared && !path.endsWith('(deleted)'))) return [];
      return [{ from: parseInt(from, 16), to: parseInt(to, 16), shared: isShared ? file : undefined }];
    });

function* pagesOf(memory: number, pagemap: number, region: Region, seen: Set<string>): Generator<Buffer> {
  const { from, to, shared } = region;
  const entries = Buffer.alloc(chunkPages * 8);
  for (let at = from; at < to; at += chunkPages * pageBytes) {
    const count = Math.min(chunkPages, (to - at) / pageBytes);
    readSync(pagemap, entries, 0, count * 8, (at / pageBytes) * 8);
    const isWanted = (page: number): boolean => {
      const flags = page < count ? (entries[page * 8 + 7] ?? 0) : 0;
      if ((flags & (presentBit | swappedBit)) === 0) return false;
      return shared === undefined ? (flags & fileBit) === 0 : !seen.has(`${shared} ${at + page * pageBytes}`);
    };
    for (let page = 0; page < count; page += 1) {
      if (!isWanted(page)) continue;
      const first = page;
      while (isWanted(page + 1)) page += 1;
      if (shared !== undefined)
        for (let each = first; each <= page; each += 1) seen.add(`${shared} ${at + each * pageBytes}`);
      const before = first === 0 && at > from ? overlapBytes : 0;
      yield read(memory, at + first * pageBytes - before, (page + 1 - first) * pageBytes + before);
    }
  }
}

/** Nothing where the process has given the pages back in the meantime. */
const read = (memory: number, from: number, size: number): Buffer => {
  const bytes = Buffer.allocUnsafe(size);
  try {
    return bytes.subarray(0, readSync(memory, bytes, 0, size, from));
  } catch (error) {
    if (['EIO', 'EFAULT'].includes((error as NodeJS.ErrnoException).code ?? '')) return Buffer.alloc(0);
    throw error;
  }
};
