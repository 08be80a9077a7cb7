import type { Opening } from '../entries/index.js';
import { entryOf } from '../entries/index.js';
import { signerOf } from '../testing/keys.js';
import { publishLog } from '../testing/sample-log.js';
import type { Finding, OpenedLeavesOptions } from './index.js';
import { LogBroken, OpenedLeaves, verifyLog } from './index.js';

const signer = signerOf('audit.example.com/billing', 1);
const trust = { log: { origin: signer.key.name, keys: [signer.key] } };
const size = 300;

const openings: Opening[] = Array.from({ length: size }, (_, index) => ({
  shard: index % 2,
  position: Math.floor(index / 2) + 1,
  salt: Buffer.alloc(32, index),
  event: Buffer.from(`event ${String(index)}`),
}));
const files = publishLog(openings.map(entryOf), signer).then((log) => log.files);

/** Holds the log against these openings; what is found, if anything. */
const held = async (against: ReadonlyMap<number, Opening>, options?: OpenedLeavesOptions) => {
  const asked: [number, number][] = [];
  const of = (first: number, count: number) => {
    asked.push([first, count]);
    return Promise.resolve(against);
  };
  const opened = new OpenedLeaves({ of }, options);
  let finding: Finding | undefined;
  try {
    await verifyLog(await files, { trust, examine: opened.examine });
  } catch (error) {
    if (!(error instanceof LogBroken)) throw error;
    finding = error.finding;
  }
  return { opened: opened.opened, closed: opened.closed, finding, asked };
};
const all = new Map(openings.entries());
const without = (index: number) => new Map([...all].filter(([each]) => each !== index));
const changed = (index: number, change: Partial<Opening>) =>
  new Map(all).set(index, { ...(openings[index] as Opening), ...change });

describe('leaves and their events', () => {
  it('are held against each other, a bundle at a time', async () => {
    const { opened, closed, finding, asked } = await held(all);
    expect([opened, closed.count, finding]).toEqual([size, 0, undefined]);
    expect(asked).toEqual([
      [0, 256],
      [256, 44],
    ]);
  });

  it.each([
    ['another event', { event: Buffer.from('event 270 ') }],
    ['another salt', { salt: Buffer.alloc(32) }],
    ['another position', { position: 5 }],
    ['another shard', { shard: 1 }],
  ])('do not fit with %s, and that is told with its place', async (_, change) => {
    const { finding } = await held(changed(270, change));
    expect(finding).toMatchObject({
      kind: 'event',
      index: 270,
      shard: 0,
      position: 136,
      path: 'tile/entries/001.p/44',
    });
  });

  it('are counted where an event is not at hand, and found where all must be', async () => {
    const { opened, closed } = await held(without(258));
    expect([opened, closed.count, closed.first?.index]).toEqual([size - 1, 1, 258]);
    const { finding } = await held(without(258), { all: true });
    expect(finding).toMatchObject({ kind: 'event_missing', index: 258, shard: 0, position: 130 });
  });

  it('are asked what the event itself says', async () => {
    const read: OpenedLeavesOptions['read'] = (event) =>
      Buffer.from(event).toString() === 'event 9' ? 'says another place' : undefined;
    const { finding } = await held(all, { read });
    expect(finding).toMatchObject({ kind: 'event', index: 9, shard: 1, position: 5 });
    expect(finding?.message).toBe('leaf 9: the event at position 5 of shard 1 says another place');
  });
});

describe('several checkpoints that were kept', () => {
  const checkpointAt = async (count: number, entries = openings.map(entryOf)) =>
    (await publishLog(entries.slice(0, count), signer)).checkpoint;
  const found = async (from: string[]): Promise<Finding | undefined> => {
    try {
      await verifyLog(await files, { trust, from });
      return undefined;
    } catch (error) {
      if (error instanceof LogBroken) return error.finding;
      throw error;
    }
  };
  const other = openings.map((opening, index) =>
    entryOf(index === 150 ? { ...opening, salt: Buffer.alloc(32) } : opening),
  );

  it('are all extended, in whatever order they come', async () => {
    const from = await Promise.all([300, 0, 100, 100, 256].map((count) => checkpointAt(count)));
    const { extended } = await verifyLog(await files, { trust, from });
    expect(extended.map((each) => each.size)).toEqual([0, 100, 100, 256, 300]);
  });

  it('tell between which leaves a log was forked', async () => {
    const from = [await checkpointAt(200, other), await checkpointAt(120), await checkpointAt(100)];
    expect(await found(from)).toMatchObject({ kind: 'forked', index: 120 });
    expect((await found(from))?.message).toContain('leaves 120 to 199 are not those');
  });

  it('show a fork by themselves where two of one size differ', async () => {
    const finding = await found([await checkpointAt(200, other), await checkpointAt(200)]);
    expect(finding).toMatchObject({ kind: 'forked' });
    expect(finding?.message).toContain('two of the older checkpoints differ');
  });
});
