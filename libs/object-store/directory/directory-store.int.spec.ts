import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { build } from 'esbuild';
import { ObjectStoreUnavailable } from '../errors.js';
import { itKeepsFiles } from '../testing/object-store-contract.js';
import { DirectoryStore } from './directory-store.js';

let home: string;
let at = 0;
const folder = (): string => join(home, String(at), 'audit', 'log');
const everything = { limit: 10_000 };
const text = Buffer.from('text');

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'directory-store-'));
});
beforeEach(() => {
  at += 1;
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('a folder', () => {
  itKeepsFiles({ open: () => new DirectoryStore(folder()), openAgain: () => new DirectoryStore(folder()) });

  it('names itself, and makes nothing before the first write', async () => {
    const store = new DirectoryStore(folder());
    expect(store.name).toBe(`directory ${folder()}`);
    expect([await store.read('a'), await store.list('', everything)]).toEqual([undefined, []]);
    await expect(stat(folder())).rejects.toThrow('ENOENT');
  });

  it.each([
    ['its owner alone', undefined, 0o600, 0o700],
    ['everybody, to be published', true, 0o644, 0o755],
  ])('lets its files be read by %s', async (_, published, file, directory) => {
    const store = new DirectoryStore(folder(), published === undefined ? {} : { published });
    await store.create('tile/0/000', text);
    await store.replace('checkpoint', text);
    const modeOf = async (path: string): Promise<number> => (await stat(join(folder(), path))).mode & 0o777;
    for (const path of ['tile/0/000', 'checkpoint']) expect([path, await modeOf(path)]).toEqual([path, file]);
    for (const path of ['', 'tile', 'tile/0']) expect([path, await modeOf(path)]).toEqual([path, directory]);
  });

  it('shows nothing of what is unfinished, and removes it once it is old', async () => {
    const unfinished = join(folder(), '.unfinished');
    await mkdir(unfinished, { recursive: true });
    for (const name of ['old', 'new']) await writeFile(join(unfinished, name), 'half a f');
    await utimes(join(unfinished, 'old'), new Date(), new Date(Date.now() - 2 * 3_600_000));
    const store = new DirectoryStore(folder());
    await store.create('a', text);
    expect(await store.list('', everything)).toEqual(['a']);
    expect(await readdir(unfinished)).toEqual(['new']);
  });

  it('is written again after somebody deleted it', async () => {
    const store = new DirectoryStore(folder());
    await store.create('tile/0/000', text);
    await rm(folder(), { recursive: true });
    await expect(store.create('tile/0/000', text)).rejects.toThrow(ObjectStoreUnavailable);
    expect(await store.create('tile/0/000', text)).toBe('created');
  });

  it.each(['/proc/audit', '/proc/audit/log'])('says so where the file system takes no folders: %s', async (place) => {
    await expect(new DirectoryStore(place).create('a', text)).rejects.toThrow(`cannot write ${place}/a (ENOENT)`);
  });

  it('says which file it cannot write and why, and leaves nothing behind', async () => {
    const store = new DirectoryStore(folder());
    await store.create('a', text);
    await expect(store.create('a/b', text)).rejects.toThrow(`cannot write ${folder()}/a/b (ENOTDIR)`);
    await expect(store.replace('x'.repeat(300), text)).rejects.toThrow('(ENAMETOOLONG)');
    expect(await readdir(join(folder(), '.unfinished'))).toEqual([]);
  });
});

describe('a folder whose writer is killed', () => {
  const rounds = 8;
  let program: string;

  beforeAll(async () => {
    program = join(home, 'writing-child.mjs');
    const entry = new URL('../testing/writing-child.ts', import.meta.url).pathname;
    await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', outfile: program });
  });

  /** What the child said that it had written, once it was killed in the midst of it. */
  const writeUntilKilled = async (from: number, after_ms: number): Promise<string[]> => {
    const child = spawn(process.execPath, [program, folder(), String(from)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    const closed = once(child, 'close');
    while (!said.includes('\n') && child.exitCode === null) await pause(1);
    await pause(after_ms);
    child.kill('SIGKILL');
    await closed;
    return said.split('\n').slice(0, -1);
  };

  const isWhole = async (path: string): Promise<boolean> => {
    const file = await readFile(join(folder(), path));
    return createHash('sha256').update(file.subarray(32)).digest().equals(file.subarray(0, 32));
  };

  it('has every file whole under its name or not at all, and each that was said to be written', async () => {
    const store = new DirectoryStore(folder());
    let killedAtWork = 0;
    for (let round = 0; round < rounds; round += 1) {
      const said = await writeUntilKilled(round * 1_000, (round * 7) % 30);
      const paths = await store.list('', everything);
      for (const path of paths) expect([path, await isWhole(path)]).toEqual([path, true]);
      const created = said.filter((line) => line.startsWith('created ')).map((line) => line.slice('created '.length));
      expect(created).not.toHaveLength(0);
      expect(paths).toEqual(expect.arrayContaining(created));
      killedAtWork += (await readdir(join(folder(), '.unfinished'))).length > 0 ? 1 : 0;
      await Promise.all(paths.map((path) => rm(join(folder(), path))));
    }
    // Or nothing was tested.
    expect(killedAtWork).toBeGreaterThan(0);
  });
});
