/** What someone who holds the log, and in the later part its key as well, might do to it. Each attack is tried and must be found. */
import type { Entry } from '../entries/index.js';
import { formatEntry } from '../entries/index.js';
import { leafHash } from '../merkle/index.js';
import { formatCheckpoint, formatNote, parseNote, signNote } from '../notes/index.js';
import { ecdsaSigner, signerOf, witnessOf } from '../testing/keys.js';
import type { MemoryLogFiles } from '../testing/memory-log-files.js';
import { publishLog, sampleEntries } from '../testing/sample-log.js';
import { formatBundle, fullWidth, parseBundle } from '../tiles/index.js';
import type { Finding, LogCheck } from './index.js';
import { LogBroken, verifyLog } from './index.js';

const origin = 'audit.example.com/billing';
const signer = signerOf(origin, 1);
const trust = { log: { origin, keys: [signer.key] } };
const size = 344;
const entries = sampleEntries(size);

let attacks = 0;
afterAll(() => {
  process.stderr.write(`the verifier of libs/audit found all of ${String(attacks)} attacks\n`);
});

/** What the verifier finds; fails when it finds nothing. */
const found = async (files: MemoryLogFiles, check: Partial<LogCheck> = {}): Promise<Finding> => {
  attacks += 1;
  try {
    await verifyLog(files, { trust, ...check });
  } catch (error) {
    if (error instanceof LogBroken) return error.finding;
    throw error;
  }
  throw new Error('the attack was not found');
};

const published = (of: readonly Entry[] = entries) => publishLog(of, signer);
const bytesOf = (files: MemoryLogFiles, path: string): Buffer => Buffer.from(files.files.get(path) as Uint8Array);
const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x01;
  return copy;
};

/** The files that a log of `size` leaves must have; what is left of earlier sizes is nobody's business. */
const bundles = ['tile/entries/000', 'tile/entries/001.p/88'];
const leafTiles = ['tile/0/000', 'tile/0/001.p/88'];
const upperTile = 'tile/1/000.p/1';
const hashBytes = 32;

describe('without the key', () => {
  let base: MemoryLogFiles;
  let checkpoint: string;
  beforeAll(async () => {
    ({ files: base, checkpoint } = await published());
  });
  const changed = (path: string, bytes: Uint8Array | undefined): MemoryLogFiles => {
    const files = base.copy();
    if (bytes) files.files.set(path, bytes);
    else files.files.delete(path);
    return files;
  };

  it('any entry that is changed is found at its index', async () => {
    for (let index = 0; index < size; index += 1) {
      const path = bundles[Math.floor(index / fullWidth)] ?? '';
      const bundle = parseBundle(bytesOf(base, path), path.endsWith('88') ? 88 : fullWidth, path);
      const bent = bundle.with(index % fullWidth, flipped(Buffer.from(bundle[index % fullWidth] as Uint8Array), 20));
      const finding = await found(changed(path, formatBundle(bent)));
      expect([finding.kind, finding.index, finding.path]).toEqual(['leaf', index, path]);
    }
  }, 60_000);

  it('any hash of any tile that is changed is found at its leaf', async () => {
    for (const [tile, path] of leafTiles.entries()) {
      const bytes = bytesOf(base, path);
      for (let at = 0; at < bytes.length / hashBytes; at += 1) {
        const finding = await found(changed(path, flipped(bytes, at * hashBytes + (at % hashBytes))));
        expect([finding.kind, finding.index]).toEqual(['leaf', tile * fullWidth + at]);
      }
    }
    const upper = await found(changed(upperTile, flipped(bytesOf(base, upperTile), 5)));
    expect(upper).toMatchObject({ kind: 'tile', index: 0, path: upperTile });
  }, 60_000);

  it('any file that is missing, cut, longer, empty or another one is found', async () => {
    const paths = [...bundles, ...leafTiles, upperTile];
    for (const path of paths) {
      const bytes = bytesOf(base, path);
      const other = paths.find((each) => each !== path && each.slice(0, 8) === path.slice(0, 8)) ?? 'tile/0/000';
      for (const bent of [
        undefined,
        bytes.subarray(1),
        bytes.subarray(0, -1),
        Buffer.concat([bytes, Buffer.of(0)]),
        Buffer.alloc(0),
        bytesOf(base, other),
      ]) {
        const finding = await found(changed(path, bent));
        expect(['file', 'leaf', 'tile']).toContain(finding.kind);
        expect(finding.index).toBeDefined();
      }
    }
  });

  it('entries that change places, are left out or are doubled in a bundle are found', async () => {
    const path = 'tile/entries/000';
    const bundle = parseBundle(bytesOf(base, path), fullWidth, path);
    for (const at of [0, 100, 254]) {
      const one = bundle[at] as Uint8Array;
      const swapped = bundle.with(at, bundle[at + 1] as Uint8Array).with(at + 1, one);
      expect(await found(changed(path, formatBundle(swapped)))).toMatchObject({ kind: 'leaf', index: at });
      for (const count of [bundle.toSpliced(at, 1), bundle.toSpliced(at, 0, one)]) {
        expect(await found(changed(path, formatBundle(count)))).toMatchObject({ kind: 'file', index: 0, path });
      }
      const doubled = bundle.with(at + 1, one);
      expect(await found(changed(path, formatBundle(doubled)))).toMatchObject({ kind: 'leaf', index: at + 1 });
    }
  });

  it('an entry that is changed together with the tiles over it is found where the change ends', async () => {
    const path = 'tile/entries/000';
    const entry = formatEntry({ ...(entries[9] as Entry), commitment: Buffer.alloc(32) });
    const bundle = parseBundle(bytesOf(base, path), fullWidth, path).with(9, entry);
    const files = changed(path, formatBundle(bundle));
    const tile = bytesOf(base, 'tile/0/000');
    tile.set(leafHash(entry), 9 * hashBytes);
    files.files.set('tile/0/000', tile);
    expect(await found(files)).toMatchObject({ kind: 'tile', index: 0, path: upperTile });

    const rewritten = entries.with(9, { ...(entries[9] as Entry), commitment: Buffer.alloc(32) });
    const { files: all } = await published(rewritten);
    all.files.set('checkpoint', Buffer.from(checkpoint));
    expect(await found(all)).toMatchObject({ kind: 'root' });
  });

  it('a checkpoint that is changed, cut, unsigned or signed by others is found', async () => {
    const note = Buffer.from(checkpoint);
    const { text, signatures } = parseNote(checkpoint);
    const unsigned = {
      text: formatCheckpoint({ origin, size: 500, root: Buffer.alloc(32), extensions: [] }),
      signatures,
    };
    const bent = [
      undefined,
      Buffer.alloc(0),
      ...[note.subarray(0, -1), note.subarray(0, 60), Buffer.concat([note, note])],
      ...Array.from({ length: note.length }, (_, at) => flipped(note, at)),
      Buffer.from(formatNote(unsigned)),
      Buffer.from(await signNote(text, [signerOf(origin, 2)])),
      Buffer.from(await signNote(text, [signerOf('elsewhere', 1)])),
      Buffer.from(await signNote(text, [ecdsaSigner(origin)])),
      Buffer.from(witnessOf(origin).cosign(formatNote({ text, signatures }), 1n)).subarray(0, -80),
    ];
    for (const bytes of bent) expect((await found(changed('checkpoint', bytes))).kind).toBe('checkpoint');
  });

  it('a checkpoint that the witnesses did not see is found', async () => {
    const [one, two] = [witnessOf('w1.example.com'), witnessOf('w2.example.com')];
    const witnesses = { witnesses: [one.key, two.key], quorum: 2 };
    const asked = { trust: { ...trust, witnesses } };
    const seen = two.cosign(one.cosign(checkpoint, 1n), 1n);
    await verifyLog(changed('checkpoint', Buffer.from(seen)), asked);
    const { checkpoint: later } = await published(entries.slice(0, size - 1));
    const moved = parseNote(seen);
    for (const note of [
      checkpoint,
      one.cosign(checkpoint, 1n),
      one.cosign(one.cosign(checkpoint, 1n), 2n),
      witnessOf('w2.example.com').cosign(one.cosign(checkpoint, 1n), 1n),
      formatNote({
        text: parseNote(later).text,
        signatures: [...parseNote(later).signatures, ...moved.signatures.slice(1)],
      }),
    ]) {
      expect((await found(changed('checkpoint', Buffer.from(note)), asked)).kind).toBe('witnesses');
    }
  });
});

describe('with the key', () => {
  it('an event that is left out is found, whichever it is', async () => {
    for (let index = 0; index < size - 3; index += 7) {
      const { shard, position } = entries[index] as Entry;
      const next = entries.findIndex((each) => each.shard === shard && each.position === position + 1);
      if (next === -1) continue;
      const { files } = await published(entries.toSpliced(index, 1));
      expect(await found(files)).toMatchObject({ kind: 'omitted', shard, position, index: next - 1 });
    }
  });

  it('an event that is there twice, or in another order, is found', async () => {
    for (let index = 0; index < size - 3; index += 29) {
      const entry = entries[index] as Entry;
      const { shard, position } = entry;
      const later = entries.toSpliced(index + 3, 0, entry);
      expect(await found((await published(later)).files)).toMatchObject({
        kind: 'repeated',
        shard,
        position,
        index: index + 3,
      });
      const next = entries.findIndex((each) => each.shard === shard && each.position === position + 1);
      const swapped = entries.with(index, entries[next] as Entry).with(next, entry);
      expect(await found((await published(swapped)).files)).toMatchObject({ kind: 'omitted', shard, position, index });
    }
  });

  it('a leaf that is no entry is found', async () => {
    const { files, log } = await published(entries.slice(0, 300));
    files.write(log.append([Buffer.from('{"v":9}')]));
    files.files.set(
      'checkpoint',
      Buffer.from(await signNote(formatCheckpoint({ origin, ...log.head(), extensions: [] }), [signer])),
    );
    expect(await found(files)).toMatchObject({ kind: 'entry', index: 300, path: 'tile/entries/001.p/45' });
  });

  it('a log that lost its newest leaves is found by an older checkpoint', async () => {
    const { checkpoint: from } = await published();
    for (const lost of [1, 2, 87, 88, 89, 344]) {
      const { files } = await published(entries.slice(0, size - lost));
      expect(await found(files, { from })).toMatchObject({ kind: 'rolled_back', index: size - lost });
    }
  });

  it('a whole log that was written anew is found by an older checkpoint, also when it grew meanwhile', async () => {
    const other = { ...(entries[50] as Entry), commitment: Buffer.alloc(32, 1) };
    const rewritten = entries.with(50, other);
    const { files } = await published(rewritten);
    for (const kept of [51, 100, 256, size - 1, size]) {
      const { checkpoint: from } = await published(entries.slice(0, kept));
      expect(await found(files, { from })).toMatchObject({ kind: 'forked' });
    }
    const { checkpoint: before } = await published(entries.slice(0, 50));
    await expect(verifyLog(files, { trust, from: before })).resolves.toBeDefined();
  });

  it('two forks that are shown to two readers are found when they compare', async () => {
    const one = await published(
      entries.with(size - 1, { ...(entries[size - 1] as Entry), commitment: Buffer.alloc(32, 1) }),
    );
    const two = await published(
      entries.with(size - 1, { ...(entries[size - 1] as Entry), commitment: Buffer.alloc(32, 2) }),
    );
    expect(await found(one.files, { from: two.checkpoint })).toMatchObject({ kind: 'forked' });
    expect(await found(two.files, { from: one.checkpoint })).toMatchObject({ kind: 'forked' });
  });

  it('an older checkpoint that is none of this log is not taken for one', async () => {
    const { files, checkpoint } = await published();
    const elsewhere = await publishLog(entries, signerOf('elsewhere', 1));
    const stranger = await publishLog(entries, signerOf(origin, 5));
    for (const from of ['', checkpoint.slice(1), elsewhere.checkpoint, stranger.checkpoint]) {
      expect((await found(files, { from })).kind).toBe('older_checkpoint');
    }
  });

  it('a leaf that is not its event is found, and named by shard and position', async () => {
    const { files } = await published();
    const examine: LogCheck['examine'] = (leaves) => {
      const leaf = leaves.find(({ index }) => index === 321);
      return Promise.resolve(leaf && { leaf, reason: 'it is not the commitment to its event' });
    };
    const { shard, position } = entries[321] as Entry;
    expect(await found(files, { examine })).toMatchObject({ kind: 'event', index: 321, shard, position });
  });
});

describe('a log that is deep enough for three levels of tiles', () => {
  it('is verified, and found out at each of them', async () => {
    const { files: base } = await publishLog(sampleEntries(66_000), signer, 66_000);
    expect((await verifyLog(base, { trust })).checkpoint.size).toBe(66_000);
    for (const [path, at, index] of [
      ['tile/0/100', 7 * hashBytes, 100 * fullWidth + 7],
      ['tile/1/000', 33 * hashBytes, 33 * fullWidth],
      ['tile/1/001.p/1', 0, 65_536],
      ['tile/2/000.p/1', 3, 0],
    ] as const) {
      const files = base.copy();
      files.files.set(path, flipped(bytesOf(base, path), at));
      expect(await found(files)).toMatchObject({ kind: path.startsWith('tile/0') ? 'leaf' : 'tile', index });
    }
  }, 60_000);
});
