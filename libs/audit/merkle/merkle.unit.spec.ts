import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { NaiveTree, naivePath, naiveSubproof } from '../testing/naive-tree.js';
import { ProofRefused } from '../errors.js';
import type { NodeReader, TreeHead } from './index.js';
import { hashOfRange } from './proofs.js';
import type { LeafRange } from './ranges.js';
import { consistencyRanges, inclusionRanges } from './ranges.js';
import {
  CompactRange,
  consistencyProof,
  inclusionProof,
  leafHash,
  nodeHash,
  rootOf,
  sameHash,
  verifyConsistency,
  verifyInclusion,
} from './index.js';

/** Nodes of a tree, kept as they are completed. */
class KeptNodes implements NodeReader {
  readonly #levels: Uint8Array[][] = [];
  readonly roots: Uint8Array[] = [];

  constructor(size: number, entry: (index: number) => Uint8Array) {
    const range = new CompactRange();
    this.roots.push(range.root());
    for (let index = 0; index < size; index += 1) {
      range.append(leafHash(entry(index)), 0, (level, at, hash) => {
        (this.#levels[level] ??= [])[at] = hash;
      });
      this.roots.push(range.root());
    }
  }

  node(level: number, index: number): Promise<Uint8Array> {
    return Promise.resolve(this.#levels[level]?.[index] as Uint8Array);
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const equal = (one: readonly LeafRange[], other: readonly LeafRange[]): boolean =>
  one.length === other.length && one.every(({ begin, end }, at) => begin === other[at]?.begin && end === other[at].end);

/** Whether a claim is refused as a proof; anything else that is thrown is a failure. */
const refused = (claim: () => void): boolean => {
  try {
    claim();
    return false;
  } catch (error) {
    if (error instanceof ProofRefused) return true;
    throw error;
  }
};

interface Vectors {
  leafDataHex: string[];
  leafHashes: string[];
  nodes: Record<string, string>;
  roots: Record<string, string>;
  inclusion: Record<string, string[] | string>;
  consistency: Record<string, string[] | string>;
}

describe('the vectors of RFC 6962', () => {
  let vectors: Vectors;
  let nodes: KeptNodes;
  const entries = (): Uint8Array[] => vectors.leafDataHex.map((each) => Buffer.from(each, 'hex'));

  beforeAll(async () => {
    vectors = JSON.parse(await readFile(join(import.meta.dirname, '../testing/rfc6962.json'), 'utf8')) as Vectors;
    nodes = new KeptNodes(8, (index) => entries()[index] as Uint8Array);
  });

  /** `L3`, `N2-3` and `R4` of the file, as hashes. */
  const named = (name: string): string | undefined => {
    const key = name.slice(1);
    if (name.startsWith('L')) return vectors.leafHashes[Number(key)];
    return name.startsWith('N') ? vectors.nodes[key] : vectors.roots[key];
  };
  const pairs = (of: Vectors['inclusion']): [number, number, string[]][] =>
    Object.entries(of).flatMap(([key, names]) => {
      if (typeof names === 'string') return [];
      const [one = 0, other = 0] = key.split(',').map(Number);
      return [[one, other, names.map((name) => String(named(name)))]];
    });

  it('leaves, nodes and roots of all sizes', async () => {
    expect(entries().map((entry) => hex(leafHash(entry)))).toEqual(vectors.leafHashes);
    expect(hex(await nodes.node(1, 1))).toBe(vectors.nodes['2-3']);
    expect(hex(await nodes.node(1, 2))).toBe(vectors.nodes['4-5']);
    expect(hex(await nodes.node(1, 3))).toBe(vectors.nodes['6-7']);
    expect(hex(await nodes.node(2, 1))).toBe(vectors.nodes['4-7']);
    expect(nodes.roots.map(hex)).toEqual(Object.values(vectors.roots));
    for (let size = 0; size <= 8; size += 1) expect(hex(await rootOf(nodes, size))).toBe(vectors.roots[String(size)]);
  });

  it('inclusion proofs', async () => {
    expect(pairs(vectors.inclusion)).toHaveLength(5);
    for (const [index, size, path] of pairs(vectors.inclusion)) {
      const proof = await inclusionProof(nodes, index, size);
      expect(proof.map(hex)).toEqual(path);
      const leaf = leafHash(entries()[index] as Uint8Array);
      verifyInclusion({ leafHash: leaf, index, proof }, { size, root: nodes.roots[size] as Uint8Array });
    }
  });

  it('consistency proofs', async () => {
    expect(pairs(vectors.consistency)).toHaveLength(5);
    for (const [older, newer, path] of pairs(vectors.consistency)) {
      const proof = await consistencyProof(nodes, older, newer);
      expect(proof.map(hex)).toEqual(path);
      const head = (size: number) => ({ size, root: nodes.roots[size] as Uint8Array });
      verifyConsistency(head(older), head(newer), proof);
    }
  });
});

describe('every tree of up to 600 leaves, beside the recursive definitions', () => {
  const most = 600;
  const naive = new NaiveTree();
  const nodes = new KeptNodes(most, (index) => NaiveTree.entry(index));
  const heads = Array.from({ length: most + 1 }, (_, size): TreeHead => ({ size, root: naive.root(0, size) }));
  /** Each range that a hash in some proof covers, by its ends: what is hashed is shared by many proofs. */
  const noted = new Uint8Array((most + 1) ** 2);
  const note = ({ begin, end }: LeafRange): void => {
    noted[begin * (most + 1) + end] = 1;
  };

  it('has the same root', () => {
    for (let size = 0; size <= most; size += 1) {
      expect(sameHash(nodes.roots[size] as Uint8Array, naive.root(0, size))).toBe(true);
    }
  });

  it('has the same proofs, of every leaf and of every older size', () => {
    for (let size = 1; size <= most; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const path = inclusionRanges(index, size);
        const subproof = consistencyRanges(index + 1, size);
        path.forEach(note);
        subproof.forEach(note);
        if (!equal(path, naivePath(index, 0, size)) || !equal(subproof, naiveSubproof(index + 1, 0, size))) {
          throw new Error(`the proofs of ${String(index)} in ${String(size)} differ`);
        }
      }
    }
  }, 60_000);

  it('has the same hashes in them', async () => {
    const ranges = [...noted.entries()].flatMap(([place, isNoted]) =>
      isNoted === 1 ? [{ begin: Math.floor(place / (most + 1)), end: place % (most + 1) }] : [],
    );
    expect(ranges.length).toBeGreaterThan(2_000);
    for (const range of ranges) {
      expect(sameHash(await hashOfRange(nodes, range), naive.root(range.begin, range.end))).toBe(true);
    }
  });

  it('has proofs that verify: all of them up to 150 leaves, and of ten leaves and older sizes of each larger tree', async () => {
    for (let size = 1; size <= most; size += 1) {
      const step = size <= 150 ? 1 : Math.ceil(size / 10);
      for (let index = (size * 7) % step; index < size; index += step) {
        const older = index + 1;
        const inclusion = await inclusionProof(nodes, index, size);
        const consistency = await consistencyProof(nodes, older, size);
        verifyInclusion({ leafHash: naive.root(index, index + 1), index, proof: inclusion }, heads[size] as TreeHead);
        verifyConsistency(heads[older] as TreeHead, heads[size] as TreeHead, consistency);
      }
      verifyConsistency(heads[0] as TreeHead, heads[size] as TreeHead, await consistencyProof(nodes, 0, size));
    }
  }, 60_000);

  it('is what a range goes on as from its peaks', () => {
    for (let size = 0; size < 300; size += 1) {
      const before = new CompactRange();
      for (let index = 0; index < size; index += 1) before.append(naive.root(index, index + 1));
      const after = CompactRange.of(size, before.peaks());
      after.append(naive.root(size, size + 1));
      expect(after.size).toBe(size + 1);
      expect(sameHash(after.root(), naive.root(0, size + 1))).toBe(true);
    }
  });
});

describe('a random tree of up to 100,000 leaves', () => {
  const most = 100_000;
  const naive = new NaiveTree();
  const nodes = new KeptNodes(most, (index) => NaiveTree.entry(index));
  const below = (bound: number): number => Math.floor(Math.random() * bound);

  it('has the proofs of the recursive definitions', async () => {
    for (let round = 0; round < 25; round += 1) {
      const size = 1 + below(most);
      const index = below(size);
      const older = 1 + below(size);
      const head = { size, root: naive.root(0, size) };
      const inclusion = await inclusionProof(nodes, index, size);
      const consistency = await consistencyProof(nodes, older, size);
      expect([size, index, inclusion.map(hex)]).toEqual([
        size,
        index,
        naive.hashes(naivePath(index, 0, size)).map(hex),
      ]);
      expect([size, older, consistency.map(hex)]).toEqual([
        size,
        older,
        naive.hashes(naiveSubproof(older, 0, size)).map(hex),
      ]);
      verifyInclusion({ leafHash: NaiveTree.leaf(index), index, proof: inclusion }, head);
      verifyConsistency({ size: older, root: naive.root(0, older) }, head, consistency);
    }
  });
});

describe('a proof that is not the right one', () => {
  const most = 33;
  const naive = new NaiveTree();
  const nodes = new KeptNodes(most, (index) => NaiveTree.entry(index));
  const head = (size: number) => ({ size, root: naive.root(0, size) });
  const flipped = (hash: Uint8Array): Uint8Array => Uint8Array.from(hash, (byte, at) => (at === 31 ? byte ^ 1 : byte));
  const short = new Uint8Array(31);

  /** Proofs that differ from `proof` in one thing. */
  const bent = (proof: readonly Uint8Array[]): Uint8Array[][] => [
    ...proof.map((hash, at) => proof.with(at, flipped(hash))),
    ...proof.map((_, at) => proof.toSpliced(at, 1)),
    ...proof.map((hash, at) => proof.toSpliced(at, 0, hash)),
    ...proof.map((_, at) => proof.with(at, short)),
    ...(proof.length > 1 ? [proof.toReversed()] : []),
    [...proof, naive.root(0, 1)],
  ];

  it('of inclusion is refused, whatever is bent', async () => {
    let tried = 0;
    for (let size = 1; size <= most; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const leaf = naive.root(index, index + 1);
        const proof = await inclusionProof(nodes, index, size);
        const right = { leafHash: leaf, index, proof };
        const wrong: Parameters<typeof verifyInclusion>[] = [
          ...[
            ...bent(proof).map((each) => ({ ...right, proof: each })),
            ...[flipped(leaf), short].map((each) => ({ ...right, leafHash: each })),
            ...[-1, 0.5, NaN, size, size + 1, Infinity].map((each) => ({ ...right, index: each })),
            ...(size > 1 ? [{ ...right, index: (index + 1) % size }] : []),
          ].map((each): Parameters<typeof verifyInclusion> => [each, head(size)]),
          [right, { size, root: flipped(naive.root(0, size)) }],
          [right, { size, root: short }],
        ];
        for (const claim of wrong)
          if (!refused(() => verifyInclusion(...claim))) throw new Error(JSON.stringify(claim));
        tried += wrong.length;
      }
    }
    expect(tried).toBeGreaterThan(10_000);
  });

  it('of consistency is refused, whatever is bent', async () => {
    for (let newer = 1; newer <= most; newer += 1) {
      for (let older = 1; older <= newer; older += 1) {
        const proof = await consistencyProof(nodes, older, newer);
        const [was, is] = [head(older), head(newer)];
        const wrong: Parameters<typeof verifyConsistency>[] = [
          ...bent(proof).map((each): Parameters<typeof verifyConsistency> => [was, is, each]),
          [{ ...was, root: flipped(was.root) }, is, proof],
          [was, { ...is, root: flipped(is.root) }, proof],
          [{ ...was, size: newer + 1 }, is, proof],
          [{ ...was, size: 0 }, is, proof],
          [{ ...was, size: -1 }, is, proof],
          [was, { ...is, size: 0.5 }, proof],
          [was, { ...is, root: short }, proof],
        ];
        for (const claim of wrong) {
          if (!refused(() => verifyConsistency(...claim))) throw new Error(JSON.stringify(claim));
        }
      }
    }
  });

  it('cannot be asked for beyond the tree', () => {
    for (const [index, size] of [
      [5, 5],
      [-1, 5],
      [0, 0],
      [0.5, 5],
    ] as const) {
      expect(() => inclusionProof(nodes, index, size)).toThrow(RangeError);
    }
    expect(() => consistencyProof(nodes, 6, 5)).toThrow(RangeError);
  });

  it('nor can a node pass for a leaf, nor for a smaller tree', async () => {
    const proof = (await inclusionProof(nodes, 0, 8)).slice(1);
    const node = naive.root(0, 2);
    expect(refused(() => verifyInclusion({ leafHash: node, index: 0, proof }, head(8)))).toBe(true);
    expect(refused(() => verifyConsistency({ size: 1, root: node }, head(8), proof))).toBe(true);
  });

  it('nor can a leaf pass for a node', () => {
    const [left, right] = [naive.root(0, 1), naive.root(1, 2)];
    const forged = leafHash(Buffer.concat([left, right]));
    expect(sameHash(forged, nodeHash(left, right))).toBe(false);
  });
});
