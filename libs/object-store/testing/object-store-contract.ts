import { setTimeout as pause } from 'node:timers/promises';
import type { ObjectStore } from '../object-store.js';

export interface ContractOptions {
  /** A store that holds nothing yet. */
  open: () => ObjectStore;
  /** The same place once more, as another process has it. */
  openAgain: () => ObjectStore;
  /** Whether it keeps what was written first, and replaces nothing. */
  retains?: boolean;
  /** Whether a list begins after a path that nothing is at: a stand-in may not. */
  listsAfterAnything?: boolean;
}

const writers = 8;
const bytesOf = (text: string): Uint8Array => Buffer.from(text);
const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString();
const everything = { limit: 1_000 };

/** What every adapter of the port does, written once. */
export const itKeepsFiles = ({
  open,
  openAgain,
  retains = false,
  listsAfterAnything = true,
}: ContractOptions): void => {
  it('has nothing where nothing was written', async () => {
    expect(await open().read('tile/0/000')).toBeUndefined();
    expect(await open().list('tile/', everything)).toEqual([]);
    expect(await open().list('', everything)).toEqual([]);
  });

  it('creates a file once, and never puts another in its place', async () => {
    const store = open();
    expect(await store.create('tile/0/000', bytesOf('first'))).toBe('created');
    expect(await openAgain().create('tile/0/000', bytesOf('second'))).toBe('exists');
    expect(textOf(await openAgain().read('tile/0/000'))).toBe('first');
  });

  if (!retains) itReplaces({ open, openAgain });

  it('keeps the bytes as they are: none, all of them, and many', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, at) => at);
    const many = Buffer.alloc((retains ? 1 : 12) * 1024 * 1024 + 1, 'a leaf');
    for (const [path, bytes] of [
      ['none', new Uint8Array()],
      ['all', all],
      ['many', many],
    ] as const) {
      await open().create(path, bytes);
      const read = await openAgain().read(path);
      expect(read && Buffer.from(read).equals(bytes)).toBe(true);
    }
  });

  it('reads no file that is larger than its reader takes, and says which', async () => {
    const [path, bytes] = ['tile/0/000', Buffer.alloc(300_000, 'x')];
    await open().create(path, bytes);
    const store = openAgain();
    const refused = store.read(path, { maxBytes: bytes.length - 1 });
    await expect(refused).rejects.toMatchObject({ code: 'object_too_large', maxBytes: bytes.length - 1 });
    await expect(refused).rejects.toThrow(`${path} has more than 299999 bytes`);
    expect(await store.read(path, { maxBytes: bytes.length })).toHaveLength(bytes.length);
    expect(await store.read('tile/0/001', { maxBytes: 1 })).toBeUndefined();
  });

  it(`tells exactly one of ${String(writers)} writers at once that it created the file, and the others read what that one wrote`, async () => {
    for (let round = 0; round < (retains ? 1 : 3); round += 1) {
      const path = `interleaving/${String(round)}`;
      const stores = Array.from({ length: writers }, (_, at) => (at % 2 ? open() : openAgain()));
      const told = await Promise.all(
        stores.map(async (store, at) => {
          const done = await store.create(path, bytesOf(`writer ${String(at)}`));
          return { done, read: textOf(await store.read(path)) };
        }),
      );
      const winner = told.findIndex(({ done }) => done === 'created');
      expect(told.filter(({ done }) => done === 'created')).toHaveLength(1);
      expect(new Set(told.map(({ read }) => read))).toEqual(new Set([`writer ${String(winner)}`]));
    }
  });

  describe('lists', () => {
    const written = ['a-b', 'a.txt', 'a/b', 'a/b-c', 'a/b.p/1', 'a/b.p/17', 'a/b.p/2', 'a/bb', 'a0', 'z/1', 'z/2'];

    const fill = async (): Promise<ObjectStore> => {
      const store = open();
      await Promise.all(written.map((path) => store.create(path, bytesOf(path))));
      return openAgain();
    };

    it('paths in the order of their bytes, after any path and no more than asked for', async () => {
      const store = await fill();
      expect(await store.list('', everything)).toEqual(written);
      expect(await store.list('a/', everything)).toEqual(written.filter((path) => path.startsWith('a/')));
      expect(await store.list('a/b.p/', everything)).toEqual(['a/b.p/1', 'a/b.p/17', 'a/b.p/2']);
      const afters = ['', 'a', 'a/', 'a/b', 'a/b.', 'a/b.p/', 'a/b.p/17', 'a/b~', 'a~', 'z/2', '~'];
      for (const after of afters.filter((path) => listsAfterAnything || path === '' || written.includes(path)))
        for (const limit of [2, 1_000]) {
          const page = written.filter((path) => path > after).slice(0, limit);
          expect([after, limit, await store.list('', { after, limit })]).toEqual([after, limit, page]);
        }
      expect(await store.list('a/', { after: 'a/b.p/1', limit: 2 })).toEqual(['a/b.p/17', 'a/b.p/2']);
    });

    it('no folder as a file, and no path under one that only begins like it', async () => {
      const store = await fill();
      expect(await store.read('a/b.p')).toBeUndefined();
      expect(await store.read('a/b/c/d')).toBeUndefined();
      expect(await store.list('a/b/', everything)).toEqual([]);
    });
  });

  it.each([
    '',
    '/',
    '/etc/passwd',
    '../up',
    'a/../b',
    'a//b',
    'a/',
    './a',
    '.unfinished/x',
    'a/.b',
    'a b',
    'a\\b',
    'ä',
    'a\0',
  ])('takes no path such as %j', async (path) => {
    const store = open();
    await expect(store.read(path)).rejects.toThrow(RangeError);
    await expect(store.create(path, bytesOf('x'))).rejects.toThrow(RangeError);
    await expect(store.replace(path, bytesOf('x'))).rejects.toThrow(RangeError);
  });

  it('takes no path of more than 800 bytes, no prefix without its slash, and no list without a limit', async () => {
    const store = open();
    await expect(store.read('a'.repeat(801))).rejects.toThrow(RangeError);
    for (const prefix of ['a', '/', '../', '.unfinished/']) {
      await expect(store.list(prefix, everything)).rejects.toThrow(RangeError);
    }
    for (const limit of [0, -1, 1.5, NaN]) await expect(store.list('', { limit })).rejects.toThrow(RangeError);
  });
};

const itReplaces = ({ open, openAgain }: ContractOptions): void => {
  it('replaces a file, which is there or not', async () => {
    await open().replace('checkpoint', bytesOf('one'));
    await openAgain().replace('checkpoint', bytesOf('two'));
    expect(textOf(await open().read('checkpoint'))).toBe('two');
    expect(await open().create('checkpoint', bytesOf('three'))).toBe('exists');
  });

  it('shows readers one version or the other of a file that is replaced, and never a part', async () => {
    const versions = ['a', 'b'].map((letter) => Buffer.alloc(200_000, letter));
    const [first, second] = versions as [Buffer, Buffer];
    await open().replace('checkpoint', first);
    let writing = true;
    const write = async (): Promise<void> => {
      for (let at = 0; at < 6; at += 1) await open().replace('checkpoint', at % 2 ? first : second);
      writing = false;
    };
    const read = async (): Promise<void> => {
      const store = openAgain();
      while (writing) {
        const bytes = Buffer.from((await store.read('checkpoint')) ?? '');
        expect(versions.some((version) => version.equals(bytes))).toBe(true);
        await pause(1);
      }
    };
    await Promise.all([write(), read()]);
  });
};
