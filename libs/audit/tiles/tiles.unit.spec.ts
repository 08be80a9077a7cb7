import { FileMissing, Malformed, RootMismatch } from '../errors.js';
import {
  CompactRange,
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
} from '../merkle/index.js';
import type { TreeHead } from '../merkle/index.js';
import { MemoryLogFiles } from '../testing/memory-log-files.js';
import { NaiveTree, naivePath, naiveSubproof } from '../testing/naive-tree.js';
import type { LogFile } from './index.js';
import {
  TileNodes,
  TiledLog,
  formatBundle,
  levelsOf,
  maxEntryBytes,
  parseBundle,
  parseTilePath,
  readBundle,
  tilePath,
  widthIn,
} from './index.js';

const naive = new NaiveTree();
const entriesTo = (begin: number, end: number): Uint8Array[] =>
  Array.from({ length: end - begin }, (_, at) => NaiveTree.entry(begin + at));
const hex = (hashes: readonly Uint8Array[]): string[] => hashes.map((hash) => Buffer.from(hash).toString('hex'));

/** A log of `size` leaves, appended in batches of these sizes in turn. */
const logOf = (
  size: number,
  batches: readonly number[],
): { files: MemoryLogFiles; log: TiledLog; heads: TreeHead[] } => {
  const files = new MemoryLogFiles();
  const log = new TiledLog();
  const heads: TreeHead[] = [log.head()];
  for (let at = 0, turn = 0; at < size; turn += 1) {
    const end = Math.min(size, at + (batches[turn % batches.length] ?? 1));
    files.write(log.append(entriesTo(at, end)));
    heads.push(log.head());
    at = end;
  }
  return { files, log, heads };
};

describe('the path of a tile', () => {
  it.each([
    ['tile/0/000', { level: 0, index: 0, width: 256 }],
    ['tile/0/000.p/1', { level: 0, index: 0, width: 1 }],
    ['tile/0/999', { level: 0, index: 999, width: 256 }],
    ['tile/1/x001/000.p/255', { level: 1, index: 1000, width: 255 }],
    ['tile/0/x001/x234/067', { level: 0, index: 1234067, width: 256 }],
    ['tile/63/000', { level: 63, index: 0, width: 256 }],
    ['tile/entries/x001/x234/067.p/8', { level: 'entries', index: 1234067, width: 8 }],
    ['tile/0/x009/x007/x199/x254/x740/991', { level: 0, index: Number.MAX_SAFE_INTEGER, width: 256 }],
  ] as const)('%s', (path, place) => {
    expect(tilePath(place)).toBe(path);
    expect(parseTilePath(path)).toEqual(place);
  });

  it.each([
    '',
    'tile',
    'tile/0',
    'tile/0/0',
    'tile/0/0000',
    'tile/0/x000/000',
    'tile/0/000/000',
    'tile/0/x000',
    'tile/0/x001/x00',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/8/0/000/',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/000.p/1/',
    'tile/0/../000',
    'tile/data/000',
    '/tile/0/000',
    'tile/0/000\n',
    'tile/0/x009/x007/x199/x254/x740/992',
    'tile/0/x999/x999/x999/x999/x999/x999/999',
  ])('is not %j', (path) => {
    expect(() => parseTilePath(path)).toThrow(Malformed);
  });

  it('is not made for a place that no tile has', () => {
    for (const bad of [
      { level: -1 },
      { level: 64 },
      { level: 0.5 },
      { index: -1 },
      { index: 2 ** 53 },
      { width: 0 },
      { width: 257 },
    ]) {
      expect(() => tilePath({ level: 0, index: 0, width: 1, ...bad })).toThrow(RangeError);
    }
  });

  it('and the widths are those of the example in the specification, a tree of 70,000', () => {
    const width = (level: number, index: number): number => widthIn(70_000, level, index);
    expect([width(0, 272), width(0, 273), width(0, 274)]).toEqual([256, 112, 0]);
    expect([width(1, 0), width(1, 1), width(1, 2), width(2, 0), width(3, 0)]).toEqual([256, 17, 0, 1, 0]);
    expect([widthIn(256, 0, 0), widthIn(256, 1, 0), widthIn(256, 0, 1)]).toEqual([256, 1, 0]);
    expect([0, 1, 255, 256, 65_535, 65_536].map(levelsOf)).toEqual([0, 1, 1, 2, 2, 3]);
  });
});

describe('an entry bundle', () => {
  it('gives back its entries', () => {
    const entries = [new Uint8Array(), Buffer.from('one'), Buffer.alloc(maxEntryBytes, 7)];
    const read = parseBundle(formatBundle(entries), 3, 'bundle');
    expect(read.map((each, at) => Buffer.from(each).equals(entries[at] as Uint8Array))).toEqual([true, true, true]);
    expect(() => formatBundle([Buffer.alloc(maxEntryBytes + 1)])).toThrow(RangeError);
  });

  it('is refused when bytes are missing, left over, or entries are too few or too many', () => {
    const bundle = formatBundle([Buffer.from('one'), Buffer.from('two')]);
    for (let length = 0; length < bundle.length; length += 1) {
      expect(() => parseBundle(bundle.subarray(0, length), 2, 'bundle')).toThrow(Malformed);
    }
    expect(() => parseBundle(Buffer.concat([bundle, Buffer.of(0)]), 2, 'bundle')).toThrow(Malformed);
    expect(() => parseBundle(bundle, 1, 'bundle')).toThrow(Malformed);
    expect(() => parseBundle(bundle, 3, 'bundle')).toThrow(Malformed);
  });
});

describe('a log in tiles', () => {
  it('has, at every size to 600, the root of the recursive definition, and goes on from its files', async () => {
    const files = new MemoryLogFiles();
    let log = new TiledLog();
    for (let size = 0; size < 600; size += 1) {
      expect(hex([log.head().root])).toEqual(hex([naive.root(0, size)]));
      // As after a crash: nothing but the files and the head is left.
      log = await TiledLog.resume(files, { size, root: naive.root(0, size) });
      files.write(log.append(entriesTo(size, size + 1)));
    }
  });

  it('has the same files, however it is cut into batches', () => {
    const whole = logOf(1_500, [1_500]).files.files;
    const cut = logOf(1_500, [1, 300, 7, 256, 513]).files.files;
    for (const [path, bytes] of whole) {
      expect([path, Buffer.from(bytes).equals(cut.get(path) as Uint8Array)]).toEqual([path, true]);
    }
    expect([...whole.keys()].sort()).toEqual(
      [
        ...[0, 1, 2, 3, 4].flatMap((index) => [`tile/0/00${String(index)}`, `tile/entries/00${String(index)}`]),
        'tile/0/005.p/220',
        'tile/entries/005.p/220',
        'tile/1/000.p/5',
      ].sort(),
    );
  });

  it('gives proofs out of its tiles, of every size to which it once grew', async () => {
    const { files, heads } = logOf(66_000, [30_000, 3, 10_000, 513]);
    const [head] = heads.slice(-1) as [TreeHead];
    expect(hex([head.root])).toEqual(hex([naive.root(0, 66_000)]));
    for (const { size, root } of heads) {
      const nodes = new TileNodes(files, size);
      expect(hex([await rootOf(nodes, size)])).toEqual(hex([root]));
      const index = Math.floor(size / 3);
      if (size === 0) continue;
      expect(hex(await inclusionProof(nodes, index, size))).toEqual(hex(naive.hashes(naivePath(index, 0, size))));
      const older = Math.max(1, size - 1_000);
      const proof = await consistencyProof(nodes, older, size);
      expect(hex(proof)).toEqual(hex(naive.hashes(naiveSubproof(older, 0, size))));
      verifyConsistency({ size: older, root: naive.root(0, older) }, { size, root }, proof);
    }
    await expect(new TileNodes(files, 66_000).node(0, 66_000)).rejects.toThrow(RangeError);
    await expect(new TileNodes(files, 66_000).node(8, 257)).rejects.toThrow(RangeError);
  });

  it('is read from the full tile once the partial one is gone', async () => {
    const { files } = logOf(600, [100]);
    files.files.delete('tile/0/000.p/200');
    files.files.delete('tile/entries/000.p/200');
    expect(hex([await rootOf(new TileNodes(files, 200), 200)])).toEqual(hex([naive.root(0, 200)]));
    expect(await readBundle(files, 0, 200)).toHaveLength(200);
    files.files.delete('tile/0/000');
    await expect(rootOf(new TileNodes(files, 200), 200)).rejects.toThrow(FileMissing);
    files.files.set('tile/0/000', Buffer.alloc(31));
    await expect(rootOf(new TileNodes(files, 200), 200)).rejects.toThrow(Malformed);
  });

  it('keeps a bounded number of tiles, and reads one again after a failure', async () => {
    const { files, log } = logOf(17_000, [17_000]);
    let reads = 0;
    const counted = {
      read: (path: string) => {
        reads += 1;
        return reads === 1 ? Promise.reject(new Error('unreachable')) : files.read(path);
      },
    };
    const nodes = new TileNodes(counted, log.head().size);
    await expect(nodes.node(0, 0)).rejects.toThrow('unreachable');
    for (const round of [1, 2]) {
      for (let tile = 0; tile < 64; tile += 1) await nodes.node(0, tile * 256);
      expect([round, reads]).toEqual([round, 65]);
    }
    await nodes.node(0, 64 * 256);
    await nodes.node(0, 0);
    expect(reads).toBe(67);
  });

  it('is not resumed from files that are not those of its head', async () => {
    const { files, log } = logOf(700, [300]);
    const head = log.head();
    const changed = (path: string, change: (bytes: Buffer) => Uint8Array | undefined): MemoryLogFiles => {
      const copy = files.copy();
      const bytes = change(Buffer.from(copy.files.get(path) as Uint8Array));
      if (bytes) copy.files.set(path, bytes);
      else copy.files.delete(path);
      return copy;
    };
    const flip = (bytes: Buffer): Buffer => {
      bytes[5] = (bytes[5] ?? 0) ^ 1;
      return bytes;
    };
    const open = ['tile/0/002.p/188', 'tile/1/000.p/2', 'tile/entries/002.p/188'];
    await expect(TiledLog.resume(files, head)).resolves.toBeInstanceOf(TiledLog);
    for (const path of open.slice(0, 2)) {
      await expect(TiledLog.resume(changed(path, flip), head)).rejects.toThrow(RootMismatch);
    }
    await expect(TiledLog.resume(changed('tile/entries/002.p/188', flip), head)).rejects.toThrow(Malformed);
    for (const path of open) {
      await expect(
        TiledLog.resume(
          changed(path, () => undefined),
          head,
        ),
      ).rejects.toThrow(FileMissing);
    }
    await expect(TiledLog.resume(files, { size: 600, root: head.root })).rejects.toThrow(RootMismatch);
  });

  it('adds nothing when one of the entries is too long', () => {
    const { log } = logOf(5, [5]);
    const before = log.head();
    expect(() => log.append([Buffer.from('good'), Buffer.alloc(maxEntryBytes + 1)])).toThrow(RangeError);
    expect(log.head()).toEqual(before);
    const files: LogFile[] = log.append([]);
    expect(files).toEqual([]);
  });
});

describe('a compact range', () => {
  it('is not restored from the peaks of another size', () => {
    const hash = leafHash(Buffer.from('one'));
    expect(() => CompactRange.of(3, [hash])).toThrow(Malformed);
    expect(() => CompactRange.of(2, [hash, hash])).toThrow(Malformed);
    expect(() => CompactRange.of(1, [hash.subarray(1)])).toThrow(Malformed);
  });

  it('takes a subtree only where one of its size begins', () => {
    const range = CompactRange.of(1, [leafHash(Buffer.from('one'))]);
    expect(() => {
      range.append(leafHash(Buffer.from('two')), 1);
    }).toThrow(RangeError);
  });
});
