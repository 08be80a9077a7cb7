/**
 * What somebody who holds the files, the database or even the key of the audit log might do to it, tried on a log of real events: `billing
 * audit verify`, the command itself, says what and where. libs/audit/verifier/attacks.unit.spec.ts tries every entry and every hash; here
 * each kind is tried from end to end.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entry, FindingKind } from '#audit';
import {
  formatBundle,
  formatCheckpoint,
  formatEntry,
  formatNote,
  formatOpening,
  formatTlogProof,
  formatVerifierKey,
  keyReceiptPath,
  leafHash,
  parseBundle,
  parseNote,
  parseOpening,
  parseTlogProof,
  signNote,
} from '#audit';
import { ecdsaSigner, signerOf, witnessOf } from '../../libs/audit/testing/keys.js';
import type { SealedLog } from './sealed-world.js';
import { SealedWorld, layOut, sealed } from './sealed-world.js';
import { Tally } from './tally.js';

const size = 600;
const origin = 'audit.example.com/billing';
const signer = signerOf(origin, 1);
const thief = signerOf(origin, 2);
const witness = witnessOf('w1.example.com');
const hashBytes = 32;
const widths: Readonly<Record<string, number>> = { '000': 256, '001': 256, '002.p/88': 88 };
const upperTile = 'tile/1/000.p/2';

const tally = new Tally();
let world: SealedWorld;
/** What the operator exported: with all openings, and what is published of it. */
let exported: string;
let published: string;
/** What auditors hold. */
let pinned: string[];
let kept: { at300: string; all: string; receipt: string };
let policy: string;
let receipt: string;

beforeAll(async () => {
  world = await SealedWorld.open(size, signer);
  exported = world.fresh('export');
  const ran = await world.operator('audit', 'export', '--quiet', '--dir', exported, '--openings');
  if (ran.code !== 0) throw new Error(`the export ended with ${String(ran.code)}: ${ran.out}${ran.err}`);
  published = world.fresh('published');
  await layOut(world.log, published);
  pinned = ['--json', '--vkey', formatVerifierKey(signer.key)];
  const { checkpoint: at300 } = await sealed(world.entries.slice(0, 300), signer);
  policy = await world.file('policy', `witness w1 ${formatVerifierKey(witness.key)}\nquorum w1\n`);
  receipt = await world.file(
    'kept.tlog-proof',
    await world.receipt(590, withCheckpoint(world.log, cosigned(world.log.checkpoint))),
  );
  kept = {
    at300: await world.file('at300', at300),
    all: await world.file('all', world.log.checkpoint),
    receipt: await world.file('of-receipt', parseTlogProof(await readFile(receipt)).checkpoint),
  };
}, 60_000);
afterAll(async () => {
  await world.close();
  process.stderr.write(`${tally.line}\n`);
});

const flipped = (bytes: Uint8Array, at: number): Uint8Array => Buffer.from(bytes).with(at, (bytes[at] ?? 0) ^ 0x01);
const placeOf = (index: number) => {
  const { shard, position } = world.entries[index] as Entry;
  return { index, shard, position };
};
/** Where the next event of the same shard is. */
const nextInShard = (index: number): number => {
  const { shard, position } = placeOf(index);
  return world.entries.findIndex((each) => each.shard === shard && each.position === position + 1);
};

/** What an outsider finds in what is published when one file is another. */
const withFile = async (path: string, change: (bytes: Buffer) => Uint8Array | undefined, ...more: string[]) => {
  const file = join(published, path);
  const bytes = await readFile(file);
  const changed = change(bytes);
  try {
    if (changed) await writeFile(file, changed);
    else await rm(file);
    return await world.verify('--dir', published, ...pinned, ...more);
  } finally {
    await writeFile(file, bytes);
  }
};

/** What an outsider finds in another log in the place of this one. */
const withLog = async (log: SealedLog, ...more: string[]) => {
  const folder = world.fresh('forged');
  await layOut(log, folder);
  return world.verify('--dir', folder, ...pinned, ...more);
};

const cosigned = (checkpoint: string) => witness.cosign(checkpoint, 1_800_000_000n);
const withCheckpoint = (log: SealedLog, checkpoint: string): SealedLog => {
  const files = log.files.copy();
  files.files.set('checkpoint', Buffer.from(checkpoint));
  return { ...log, files, checkpoint };
};
/** The log of these entries, signed with the key of the log. */
const forged = (entries: readonly Entry[]) => sealed(entries, signer);
const otherCommitment = (entry: Entry | undefined, byte = 1): Entry => ({
  ...(entry as Entry),
  commitment: Buffer.alloc(hashBytes, byte),
});

it('is good as it is: for whoever pins the key, kept checkpoints and a receipt, and believes a witness', async () => {
  const good = await world.copyOf(exported);
  await writeFile(join(good, 'checkpoint'), cosigned(world.log.checkpoint));
  const olds = ['--from', kept.at300, '--from', kept.all, '--receipt', receipt, '--witnesses', policy];
  const ran = await world.verify('--dir', good, ...pinned, '--all-events', ...olds);
  expect([ran.code, ran.err]).toEqual([0, '']);
  const { log, ...said } = JSON.parse(ran.out) as { log: object };
  expect(said).toMatchObject({ v: 1, ok: true, pinned: true, notChecked: [], receipts: [{ index: 590 }] });
  expect(log).toMatchObject({ size, extends: [300, size, size], events: { opened: size, closed: 0 } });
  expect(log).toMatchObject({ cosignedBy: [{ witness: 'w1.example.com', timestamp: 1_800_000_000 }] });
});

describe('an event row', () => {
  const columns = [
    [`data = replace(data, '"amount":', '"amount":1')`, `data like '%"amount":%'`],
    [`data = data || ' '`, 'true'],
    [`type = 'PaymentFailed'`, `type <> 'PaymentFailed'`],
    [`recorded_at = recorded_at + interval '1 microsecond'`, 'true'],
    [`metadata = '{"actor":{"type":"service","subject":"somebody"}}'`, 'true'],
    [`event_id = gen_random_uuid()`, 'true'],
    [`stream_id = stream_id || '0', version = version + 1`, 'true'],
    [`causation_id = gen_random_uuid(), correlation_id = gen_random_uuid()`, 'true'],
  ] as const;

  /** The place of the first event, from position 5 of its shard on, that a condition holds for. */
  const anEvent = async (condition: string): Promise<number> => {
    const { rows } = await world.database.admin.query<{ shard: number; position: string }>(
      `select shard, position from billing.event where position >= 5 and (${condition}) order by shard, position limit 1`,
    );
    const [row] = rows;
    return world.entries.findIndex((each) => each.shard === row?.shard && each.position === Number(row.position));
  };
  const exportAnew = async () => {
    await rm(join(exported, 'openings'), { recursive: true });
    return world.operator('audit', 'export', '--quiet', '--json', '--dir', exported, '--openings');
  };

  beforeAll(async () => {
    await world.database.admin.query(`create table before as select * from billing.event`);
    await world.database.admin.query('alter table billing.event disable trigger user');
  });
  /** What the operator's own export and an outsider find once a statement was run, which `restore` then takes back. */
  const findings = async (statement: string, values: unknown[], expected: FindingKind) => {
    const { admin } = world.database;
    await admin.query(statement, values);
    const own = tally.found('event row', await exportAnew(), expected);
    const outside = await world.verify('--dir', exported, ...pinned, '--all-events');
    const theirs = tally.found('event row', outside, expected);
    await admin.query('delete from billing.event e using before b where (e.shard, e.position) = (b.shard, b.position)');
    await admin.query('insert into billing.event select * from before');
    return [own, theirs];
  };
  afterAll(async () => {
    expect(await exportAnew()).toMatchObject({ code: 0 });
  });

  it.each(columns)('whose %s was changed is found at its leaf, shard and position', async (change, condition) => {
    const index = await anEvent(condition);
    const { shard, position } = placeOf(index);
    const update = `update billing.event set ${change} where shard = $1 and position = $2`;
    for (const finding of await findings(update, [shard, position], 'event')) {
      expect(finding).toMatchObject(placeOf(index));
    }
  });

  it('that was removed is found, and so are two that changed places', async () => {
    const { shard, position } = placeOf(100);
    const remove = 'delete from billing.event where shard = $1 and position = $2';
    for (const finding of await findings(remove, [shard, position], 'event_missing')) {
      expect(finding).toMatchObject(placeOf(100));
    }
    const [one, other] = [placeOf(100), placeOf(nextInShard(100))];
    const row = (position: number) => `where shard = ${String(one.shard)} and position = ${String(position)}`;
    const put = (from: number, to: number) => `update billing.event set position = ${String(to)} ${row(from)};`;
    const aside = 1_000_000;
    const swap = [put(one.position, aside), put(other.position, one.position), put(aside, other.position)].join('');
    for (const finding of await findings(swap, [], 'event')) {
      expect(finding).toMatchObject(one);
    }
  });
});

describe('without the key', () => {
  it('a leaf that was changed is found, alone and together with the tiles over it', async () => {
    for (const [tile, width] of Object.entries(widths)) {
      const path = `tile/entries/${tile}`;
      for (const at of [0, 17, width - 1]) {
        const index = Number(tile.slice(0, 3)) * 256 + at;
        const bent = formatEntry(otherCommitment(world.entries[index]));
        const change = (bytes: Buffer) => formatBundle(parseBundle(bytes, width, path).with(at, bent));
        expect(tally.found('leaf', await withFile(path, change), 'leaf')).toMatchObject({ index, path });
      }
    }
    const rewritten = await sealed(world.entries.with(9, otherCommitment(world.entries[9])), thief);
    const mine = withCheckpoint(rewritten, world.log.checkpoint);
    tally.found('leaf', await withLog(mine), 'root');
    const tiles = mine.files.files;
    for (const path of ['tile/1/000.p/2', 'tile/0/000']) {
      tiles.set(path, world.log.files.files.get(path) as Uint8Array);
      tally.found('leaf', await withLog(mine), path.startsWith('tile/1') ? 'tile' : 'leaf');
    }
  });

  it('a tile that was changed, cut, lengthened, emptied, exchanged or removed is found', async () => {
    for (const path of ['tile/0/000', 'tile/0/001', 'tile/0/002.p/88', upperTile, 'tile/entries/001']) {
      const other = await readFile(join(published, path === 'tile/0/000' ? 'tile/0/001' : 'tile/0/000'));
      const changes: ((bytes: Buffer) => Uint8Array | undefined)[] = [
        (bytes) => flipped(bytes, 5),
        (bytes) => flipped(bytes, bytes.length - 1),
        (bytes) => bytes.subarray(0, -1),
        (bytes) => Buffer.concat([bytes, Buffer.of(0)]),
        () => Buffer.alloc(0),
        () => other,
        () => undefined,
      ];
      for (const change of changes) {
        const finding = tally.found('tile', await withFile(path, change), 'file', 'leaf', 'tile', 'entry');
        expect([typeof finding.index, typeof finding.path]).toEqual(['number', 'string']);
      }
    }
  });

  it('a checkpoint that was changed, unsigned, or signed by others is found', async () => {
    const { text, signatures } = parseNote(world.log.checkpoint);
    const larger = formatCheckpoint({ origin, size: 700, root: Buffer.alloc(32), extensions: [] });
    const bent = [
      ...[0, 30, text.length - 3, world.log.checkpoint.length - 4].map((at) =>
        flipped(Buffer.from(world.log.checkpoint), at),
      ),
      world.log.checkpoint.slice(0, 80),
      '',
      formatNote({ text: larger, signatures }),
      await signNote(text, [thief]),
      await signNote(text, [signerOf('elsewhere.example.com', 1)]),
      await signNote(text, [ecdsaSigner(origin)]),
    ];
    for (const checkpoint of bent) {
      tally.found('checkpoint', await withFile('checkpoint', () => Buffer.from(checkpoint)), 'checkpoint');
    }
    tally.found('checkpoint', await withFile('checkpoint', () => undefined), 'checkpoint');
    const unseen = [world.log.checkpoint, witnessOf('w1.example.com').cosign(world.log.checkpoint, 1n)];
    for (const checkpoint of unseen) {
      const ran = await withFile('checkpoint', () => Buffer.from(checkpoint), '--witnesses', policy);
      tally.found('checkpoint', ran, 'witnesses');
    }
  });

  it('another key is found by whoever pinned one, and by whoever kept a checkpoint or a receipt', async () => {
    const stolen = await sealed(world.entries, thief);
    const folder = world.fresh('forged');
    await layOut(stolen, folder);
    tally.found('key', await world.verify('--dir', folder, ...pinned), 'checkpoint');
    tally.found('key', await world.verify('--dir', folder, '--json', '--from', kept.at300), 'older_checkpoint');
    tally.found('key', await world.verify('--dir', folder, '--json', '--receipt', receipt), 'receipt');
    // A history of keys that nobody of the log has told.
    await mkdir(join(folder, 'keys'));
    await writeFile(join(folder, keyReceiptPath(1)), await world.receipt(3, stolen));
    tally.found('key', await world.verify('--dir', folder, ...pinned), 'key_history');
    await writeFile(join(folder, 'vkey'), 'audit.example.com/billing+00000000+AAAA\n');
    tally.found('key', await world.verify('--dir', folder, '--json'), 'key_history');
  });

  it('entries that changed places are found', async () => {
    const path = 'tile/entries/000';
    for (const at of [0, 100, 254]) {
      const change = (bytes: Buffer) => {
        const bundle = parseBundle(bytes, 256, path);
        const [one, next] = [bundle[at] as Uint8Array, bundle[at + 1] as Uint8Array];
        return formatBundle(bundle.with(at, next).with(at + 1, one));
      };
      expect(tally.found('ordering', await withFile(path, change), 'leaf')).toMatchObject({ index: at });
    }
  });
});

describe('with the key', () => {
  it('events in another order are found: within a shard by their positions, between shards by what was kept', async () => {
    for (const index of [3, 200, 500]) {
      const next = nextInShard(index);
      const swapped = world.entries.with(index, world.entries[next] as Entry).with(next, world.entries[index] as Entry);
      const finding = tally.found('ordering', await withLog(await forged(swapped)), 'omitted');
      expect(finding).toMatchObject(placeOf(index));
      const late = world.entries.toSpliced(next + 1, 0, world.entries[index] as Entry);
      expect(tally.found('ordering', await withLog(await forged(late)), 'repeated')).toMatchObject({ index: next + 1 });
    }
    const at = world.entries.findIndex((each, index) => index < 300 && each.shard !== world.entries[index + 1]?.shard);
    const mixed = world.entries.with(at, world.entries[at + 1] as Entry).with(at + 1, world.entries[at] as Entry);
    tally.found('ordering', await withLog(await forged(mixed), '--from', kept.at300), 'forked');
  });

  it('an event that was left out is found at its shard and position', async () => {
    for (const index of [0, 42, 300]) {
      const without = await forged(world.entries.toSpliced(index, 1));
      const { shard, position } = placeOf(index);
      expect(tally.found('leaf', await withLog(without), 'omitted')).toMatchObject({ shard, position });
    }
  });

  it('the newest events that were deleted are found by a kept checkpoint, by a receipt, and by a witness', async () => {
    for (const lost of [1, 10, 88, 89, 345, size]) {
      const log = await forged(world.entries.slice(0, size - lost));
      const finding = tally.found('deletion of the newest', await withLog(log, '--from', kept.all), 'rolled_back');
      expect(finding).toMatchObject({ index: size - lost });
      tally.found('deletion of the newest', await withLog(log, '--from', kept.receipt), 'rolled_back');
      const copy = await withLog(log, '--receipt', receipt); // a folder may just be older
      expect([copy.code, copy.out]).toEqual([2, expect.stringContaining('is older than the receipt')]);
      tally.found('deletion of the newest', await withLog(log, '--witnesses', policy), 'witnesses');
    }
  });

  it('a whole log that was written anew, with a fresh tree and a valid signature, is found in the same ways', async () => {
    const ways = [
      world.entries.with(50, otherCommitment(world.entries[50])),
      world.entries.map((entry) => otherCommitment(entry)),
      [...world.entries.with(599, otherCommitment(world.entries[599])), next(world.entries, 599)],
    ];
    for (const [way, entries] of ways.entries()) {
      const log = await forged(entries);
      expect(await withLog(log)).toMatchObject({ code: 0 }); // its tree alone is a good one
      const finding = tally.found(
        'full rewrite',
        await withLog(log, '--from', kept.at300, '--from', kept.all),
        'forked',
      );
      expect(finding.index ?? 0).toBe(way === 2 ? 300 : 0);
      tally.found('full rewrite', await withLog(log, '--receipt', receipt), 'forked');
      tally.found('full rewrite', await withLog(log, '--witnesses', policy), 'witnesses');
      const stolen = withCheckpoint(log, moved(cosigned(world.log.checkpoint), log.checkpoint));
      tally.found('full rewrite', await withLog(stolen, '--witnesses', policy), 'witnesses');
    }
  });

  it('two forks that two readers are shown are found when they compare, and one of them by the witness', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map((byte) => forged(world.entries.with(size - 1, otherCommitment(world.entries[size - 1], byte)))),
    );
    if (!one || !two) throw new Error('two forks');
    const [ofOne, ofTwo] = [await world.file('one', one.checkpoint), await world.file('two', two.checkpoint)];
    tally.found('forks', await withLog(one, '--from', ofTwo), 'forked');
    tally.found('forks', await withLog(two, '--from', ofOne), 'forked');
    const seen = withCheckpoint(one, cosigned(one.checkpoint));
    expect(await withLog(seen, '--witnesses', policy)).toMatchObject({ code: 0 });
    tally.found('forks', await withLog(two, '--witnesses', policy), 'witnesses');
    // Readers that only have the log before the fork see it from there on.
    const grown = await forged([
      ...world.entries.with(450, otherCommitment(world.entries[450])),
      next(world.entries, 599),
    ]);
    const early = tally.found('forks', await withLog(grown, '--from', kept.at300, '--from', kept.all), 'forked');
    expect(early).toMatchObject({ index: 300 });
  });
});

describe('a receipt', () => {
  const offline = (file: string) => world.verify('--receipt', file, ...pinned);

  it('is good offline, and says what was not looked at', async () => {
    const ran = await offline(receipt);
    expect([ran.code, ran.err]).toEqual([0, '']);
    const { eventId } = world.events[590] ?? {};
    expect(JSON.parse(ran.out)).toMatchObject({ log: null, receipts: [{ index: 590, event: { eventId } }] });
  });

  it('is not once anything in it is another', async () => {
    const proof = parseTlogProof(await readFile(receipt));
    const opening = parseOpening(proof.extra as Uint8Array);
    const withOpening = (change: object) =>
      formatTlogProof({ ...proof, extra: formatOpening({ ...opening, ...change }) });
    const other = parseTlogProof(await world.receipt(589));
    const otherLog = await sealed(world.entries, thief);
    const bent = [
      withOpening({ event: flipped(opening.event, 40) }),
      withOpening({ event: Buffer.from(`${Buffer.from(opening.event).toString()} `) }),
      withOpening({ salt: flipped(opening.salt, 0) }),
      withOpening({ position: opening.position + 1 }),
      withOpening({ shard: opening.shard - 1 }),
      formatTlogProof({ ...proof, index: 589 }),
      formatTlogProof({ ...proof, proof: other.proof }),
      formatTlogProof({ ...proof, proof: proof.proof.slice(1) }),
      formatTlogProof({ ...proof, proof: [...proof.proof, leafHash(Buffer.of())] }),
      formatTlogProof({ ...proof, extra: other.extra }),
      formatTlogProof({ index: proof.index, proof: proof.proof, checkpoint: proof.checkpoint }),
      await world.receipt(590, otherLog),
      '',
      'c2sp.org/tlog-proof@v1\n',
    ];
    for (const each of bent) {
      tally.found('receipt', await offline(await world.file('bent.tlog-proof', each)), 'receipt');
    }
  });
});

it('has tried every kind of attack', () => {
  expect(tally.missing).toEqual([]);
});

/** The entry after this one, of the same shard. */
const next = (entries: readonly Entry[], index: number): Entry => {
  const { shard } = entries[index] as Entry;
  const last = Math.max(...entries.filter((each) => each.shard === shard).map(({ position }) => position));
  return { shard, position: last + 1, commitment: Buffer.alloc(hashBytes, 9) };
};

/** A note with the signature of a witness that it made under another one. */
const moved = (from: string, to: string): string => {
  const { text, signatures } = parseNote(to);
  return formatNote({ text, signatures: [...signatures, ...parseNote(from).signatures.slice(1)] });
};
