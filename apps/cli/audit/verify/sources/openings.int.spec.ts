import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { OpenedLeaf } from './openings.js';
import { OpeningsOnWeb, openingLine, openingsIn, openingsInFolder, openingsPath } from './openings.js';
import { BoundedWeb } from './web.js';

const openedLeaf = (index: number): OpenedLeaf => ({
  index,
  opening: { shard: 3, position: index + 1, salt: Buffer.alloc(32, 7), event: Buffer.from(`{"n":${String(index)}}`) },
});
const linesOf = (leaves: readonly number[]): string =>
  leaves.map((index) => `${openingLine(openedLeaf(index))}\n`).join('');

/** Of a tenant whose leaves lie among those of others. */
const mine = [0, 5, 200, 255, 256, 600, 1_999];
const size = 2_100;

let server: Server;
let prefix: URL;
let queries: string[];
/** Whether the route tells how far it has looked, as ours does, or is a plain one. */
let tells: boolean;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost');
    queries.push(searchParams.toString());
    const after = Number(searchParams.get('after') ?? -1);
    // It looks through 300 leaves at a time.
    const upTo = tells ? Math.min(after + 300, size - 1) : size;
    const page = mine.filter((index) => index > after && index <= upTo).slice(0, tells ? 1_000 : 2);
    if (tells) response.setHeader('billing-leaf', upTo).setHeader('billing-tree-size', size);
    response.end(linesOf(page));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  prefix = new URL(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/v1/audit/`);
});
beforeEach(() => {
  queries = [];
});
afterAll(() => server.close());

const read = async (): Promise<number[]> => {
  const openings = new OpeningsOnWeb(new BoundedWeb(), prefix);
  const found: number[] = [];
  for (let first = 0; first < size; first += 256) {
    const some = await openings.of(first, Math.min(256, size - first));
    for (const index of some.keys()) {
      expect(index >= first && index < first + 256).toBe(true);
      found.push(index);
    }
  }
  return found;
};

describe('openings that the api gives', () => {
  it('are read page by page, over pages without any, to the end of the tree', async () => {
    tells = true;
    expect(await read()).toEqual(mine);
    expect(queries).toHaveLength(7);
    expect(queries[1]).toBe('limit=1000&after=299');
  });

  it('are read from a route that does not say how far it has looked, too', async () => {
    tells = false;
    expect(await read()).toEqual(mine);
    expect(queries.length).toBeLessThan(7);
  });
});

describe('openings in a folder', () => {
  it('are one file a bundle; a bundle without a file has none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'openings-'));
    try {
      await writeFile(join(folder, openingsPath(0)), linesOf([0, 5, 200, 255]));
      expect([...(await openingsInFolder(folder).of(0, 256)).keys()]).toEqual([0, 5, 200, 255]);
      expect((await openingsInFolder(folder).of(256, 256)).size).toBe(0);
      expect(openingsPath(1_234)).toBe('x001/234.ndjson');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('lines of openings', () => {
  it('may have their members in any order, and spaces', () => {
    const { index, opening } = JSON.parse(openingLine(openedLeaf(4))) as { index: number; opening: object };
    const [line] = openingsIn(JSON.stringify({ opening, index }, null, 1).replaceAll('\n', ' '), 'here');
    expect(line).toEqual(openedLeaf(4));
  });

  it.each([
    ['no JSON', '{"index":4,'],
    ['null', 'null'],
    ['another thing', '{"index":4}'],
    ['an index that is none', openingLine(openedLeaf(4)).replace('4', '4.5')],
    ['a member that comes twice', openingLine(openedLeaf(4)).replace('{"index":4', '{"index":9,"index":4')],
    [
      'a member of the opening that comes twice',
      openingLine(openedLeaf(4)).replace('"position"', '"shard":1,"position"'),
    ],
    ['a salt of another length', openingLine(openedLeaf(4)).replace('"salt":"Bw', '"salt":"')],
    ['two in another order', linesOf([5, 4])],
    ['one that comes again', linesOf([5, 5])],
  ])('that are %s are told by their number', (_, text) => {
    expect(() => openingsIn(text, 'here')).toThrow(/^line [12] of here is/);
  });
});
