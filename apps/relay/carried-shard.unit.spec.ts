import type { EventRow } from '#event-store';

import { CarriedShard } from './carried-shard.js';

const rows = (from: number, count: number, bytes = 2): EventRow[] =>
  Array.from({ length: count }, (_, at) => ({ position: String(from + at), data: 'x'.repeat(bytes) }) as EventRow);
const positions = (batch: readonly { position: string }[]): number[] => batch.map(({ position }) => Number(position));
const opened = (after = 0): CarriedShard => {
  const shard = new CarriedShard({ shard: 3, epoch: 2 });
  shard.resumeAfter(after);
  return shard;
};

describe('a carried shard', () => {
  it('is closed until the end of its partition was looked at', () => {
    const shard = new CarriedShard({ shard: 3, epoch: 2 });
    expect(shard.open).toBe(false);
    shard.resumeAfter(4);
    expect([shard.open, shard.sent, shard.read]).toEqual([true, 4, 4]);
  });

  it('gives the same batch again until it is acknowledged, and then the next', () => {
    const shard = opened(4);
    shard.add(rows(5, 3));
    const batch = shard.nextBatch();
    expect(positions(batch)).toEqual([5, 6, 7]);
    shard.add(rows(8, 1));
    expect(positions(shard.nextBatch())).toEqual([5, 6, 7, 8]);
    shard.acknowledge(batch);
    expect([shard.sent, ...positions(shard.nextBatch())]).toEqual([7, 8]);
  });

  it('bounds a batch in records and in bytes, but always gives one', () => {
    const many = opened();
    many.add(rows(1, 1_500));
    expect(many.nextBatch()).toHaveLength(1_000);
    const large = opened();
    large.add(rows(1, 10, 300_000));
    expect(large.nextBatch()).toHaveLength(2);
    const huge = opened();
    huge.add(rows(1, 2, 2_000_000));
    expect(huge.nextBatch()).toHaveLength(1);
  });

  it('goes one by one through a batch that was too large, and no further', () => {
    const shard = opened();
    shard.add(rows(1, 4));
    shard.sendAloneUntil(2);
    const sizes = [1, 2, 3].map(() => {
      const batch = shard.nextBatch();
      shard.acknowledge(batch);
      return batch.length;
    });
    expect(sizes).toEqual([1, 1, 2]);
  });

  it('refuses rows with a gap', () => {
    expect(() => {
      opened(4).add(rows(6, 1));
    }).toThrow('position 6 after 4: the log has a gap');
  });

  it('forgets what it had in hand when it is stopped, even if its acknowledgement comes late', () => {
    const shard = opened();
    shard.add(rows(1, 3));
    const batch = shard.nextBatch();
    shard.halt('ahead_of_log', 1_000);
    shard.acknowledge(batch);
    expect([shard.open, shard.sent, shard.waiting]).toEqual([false, undefined, 0]);
  });
});
