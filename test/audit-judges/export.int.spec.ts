/** What an operator exports, read by outsiders: Tessera's fsck, golang.org/x/mod/sumdb, a shell by hand, and our verifier as one file on plain Node. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  TileNodes,
  consistencyProof,
  formatVerifierKey,
  inclusionProof,
  openCheckpoint,
  parseVerifierKey,
  rootOf,
} from '#audit';
import { signerOf } from '../../libs/audit/testing/keys.js';
import { SealedWorld } from '../audit-tampering/sealed-world.js';
import { fsckAccepts, fsckIsAbsent, fsckIsHere } from './fsck.js';
import { BUILD_MS, buildJudge, goIsAbsent, goIsHere } from './sumdb.js';

const run = promisify(execFile);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

const origin = 'audit.example.com/billing';
const signer = signerOf(origin, 1);
const vkey = formatVerifierKey(signer.key);
const size = 700;

const [fsck, go] = await Promise.all([fsckIsHere(), goIsHere()]);
const isSkipped = (installed: boolean, absent: string): boolean => {
  const skipped = !installed && !process.env.CI;
  if (skipped) process.stderr.write(`skipped: ${absent}\n`);
  return skipped;
};
const whereThere = (installed: boolean, absent: string) => (isSkipped(installed, absent) ? it.skip : it);

/** A Node that is not this project's, 20 at least; else this one. */
const plainNode = async (): Promise<string> => {
  const { stdout } = await run('sh', ['-c', 'which -a node || true']);
  for (const path of stdout.split('\n').filter((each) => each.startsWith('/') && !each.includes('node_modules'))) {
    const version = Number((await run(path, ['--version'])).stdout.slice(1).split('.')[0]);
    if (version >= 20) return path;
  }
  return process.execPath;
};

let world: SealedWorld;
let exported: string;
let receipt: string;

beforeAll(async () => {
  world = await SealedWorld.open(size, signer);
  exported = world.fresh('export');
  const ran = await world.operator('audit', 'export', '--quiet', '--dir', exported, '--openings');
  if (ran.code !== 0) throw new Error(`${ran.out}${ran.err}`);
  receipt = await world.file('receipt.tlog-proof', await world.receipt(511));
}, 60_000);
afterAll(() => world.close());

const logFiles = () => ({ read: (path: string) => readFile(join(exported, path)).catch(() => undefined) });

whereThere(fsck, fsckIsAbsent)("is accepted by Tessera's fsck", async () => {
  if (!fsck) throw new Error(fsckIsAbsent);
  expect(await fsckAccepts(exported, join(exported, 'vkey'))).toBe(true);
  const bent = await world.copyOf(exported);
  const entries = await readFile(join(bent, 'tile/entries/001'));
  await writeFile(join(bent, 'tile/entries/001'), entries.with(40, (entries[40] ?? 0) ^ 1));
  expect(await fsckAccepts(bent, join(exported, 'vkey'))).toBe(false);
});

whereThere(go, goIsAbsent)(
  'is accepted by golang.org/x/mod/sumdb: its note, and proofs that its tiles make',
  async () => {
    if (!go) throw new Error(goIsAbsent);
    await mkdir(world.fresh('go'), { recursive: true });
    const folder = world.fresh('judge');
    await mkdir(folder);
    const judge = await buildJudge(folder);
    const note = await readFile(join(exported, 'checkpoint'), 'utf8');
    const { root } = openCheckpoint(note, { origin, keys: [parseVerifierKey(vkey)] });
    const nodes = new TileNodes(logFiles(), size);
    const inclusion = await Promise.all(
      Array.from({ length: 100 }, async (_, at) => {
        const index = at * 7;
        const proof = (await inclusionProof(nodes, index, size)).map(base64);
        return { size, index, root: base64(root), leaf: base64(await nodes.node(0, index)), proof };
      }),
    );
    const consistency = await Promise.all(
      [1, 255, 256, 511, 512, 699].map(async (older) => {
        const proof = (await consistencyProof(nodes, older, size)).map(base64);
        return { older, newer: size, olderRoot: base64(await rootOf(nodes, older)), newerRoot: base64(root), proof };
      }),
    );
    const said = await judge({ notes: [{ note, vkeys: [vkey] }], inclusion, consistency });
    expect(said).toMatchObject({ notes: 1, inclusion: 100, consistency: 6 });
  },
  BUILD_MS,
);

describe('a receipt, by hand', () => {
  /** The lines of docs/audit.md, as they stand there. */
  const script = async (): Promise<string> => {
    const page = await readFile(join(import.meta.dirname, '../../docs/audit.md'), 'utf8');
    const [, lines = ''] = /^```bash\n(.*?)^```$/ms.exec(page) ?? [];
    return lines;
  };
  const byHand = async (text: string): Promise<string> => {
    const folder = world.fresh('by-hand');
    await mkdir(folder);
    await writeFile(join(folder, 'receipt.tlog-proof'), text);
    await writeFile(join(folder, 'vkey'), `${vkey}\n`);
    const { stdout } = await run('bash', ['-c', await script()], { cwd: folder });
    return stdout;
  };

  it('is good by the lines of docs/audit.md, which say so of no other', async () => {
    for (const index of [0, 511, size - 1]) {
      const said = await byHand(await world.receipt(index));
      expect(said).toContain(`leaf ${String(index)} of ${String(size)}: good`);
      expect(said).toContain('Signature Verified Successfully');
      expect(said).toContain(world.events[index]?.eventId);
    }
    const other = (await world.receipt(511)).replace('index 511', 'index 510');
    expect(await byHand(other).catch(({ stdout }: { stdout: string }) => stdout)).not.toContain('good');
  });
});

describe('our verifier as one file, on a Node of somebody else', () => {
  let node: string;
  let folder: string;
  let server: Server;
  beforeAll(async () => {
    node = await plainNode();
    folder = world.fresh('empty');
    await mkdir(folder);
    const build = join(import.meta.dirname, '../../tools/verifier/build.mjs');
    await run(process.execPath, [build, join(folder, 'billing-audit-verify.mjs')]);
    server = createServer((request, response) => {
      readFile(join(exported, new URL(request.url ?? '', 'http://localhost').pathname)).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  }, 60_000);
  afterAll(() => server?.close());

  const verify = (...args: string[]) =>
    run(node, ['billing-audit-verify.mjs', '--json', '--vkey', vkey, ...args], { cwd: folder, env: {} }).then(
      ({ stdout }) => ({ code: 0, said: JSON.parse(stdout) as Record<string, unknown> }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
        code,
        said: (stdout === '' ? { stderr } : JSON.parse(stdout)) as Record<string, unknown>,
      }),
    );

  it('verifies a folder, a web server and a receipt with nothing beside it', async () => {
    await copyFile(receipt, join(folder, 'refund.tlog-proof'));
    const events = { opened: size, closed: 0 };
    expect(await verify('--dir', exported)).toMatchObject({ code: 0, said: { log: { size, events } } });
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    expect(await verify('--url', url, '--receipt', 'refund.tlog-proof')).toMatchObject({
      code: 0,
      said: { log: { size, extends: [size], events: null }, receipts: [{ index: 511 }] },
    });
    expect(await verify('--receipt', 'refund.tlog-proof')).toMatchObject({ code: 0, said: { log: null } });
  });

  it('says what is broken with 1, and what it could not tell with 2', async () => {
    const bent = await world.copyOf(exported);
    const entries = await readFile(join(bent, 'tile/entries/001'));
    await writeFile(join(bent, 'tile/entries/001'), entries.with(40, (entries[40] ?? 0) ^ 1));
    expect(await verify('--dir', bent)).toMatchObject({
      code: 1,
      said: { ok: false, finding: { kind: 'leaf', index: 256, path: 'tile/entries/001' } },
    });
    expect(await verify('--url', 'http://127.0.0.1:1')).toMatchObject({ code: 2, said: { ok: null } });
    expect(await verify('--url', 'http://example.com')).toMatchObject({ code: 64 });
  });
});
