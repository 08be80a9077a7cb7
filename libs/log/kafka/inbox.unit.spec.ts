import type { EventRow } from '#event-store';

import { Inbox } from './inbox.js';

const row = (shard: number, position: number): EventRow =>
  ({ shard, position: String(position) }) as Partial<EventRow> as EventRow;
const places = (rows: EventRow[]) => rows.map(({ shard, position }) => `${shard}:${position}`);

describe('the inbox between reader and digester', () => {
  it('lets in what follows in each assigned shard, and nothing else', () => {
    const inbox = new Inbox(10);
    inbox.place(
      new Map([
        [3, 5],
        [4, 0],
      ]),
    );
    expect(inbox.offer(row(3, 6))).toBe('taken');
    expect(inbox.offer(row(3, 6))).toBe('repeated');
    expect(inbox.offer(row(3, 1))).toBe('repeated');
    expect(inbox.offer(row(3, 8))).toBe('gap');
    expect(inbox.offer(row(4, 1))).toBe('taken');
    expect(inbox.offer(row(5, 1))).toBe('repeated');
    expect(inbox.offer(row(3, 7))).toBe('taken');
    expect(places(inbox.take(2))).toEqual(['3:6', '4:1']);
    expect(places(inbox.take(2))).toEqual(['3:7']);
    expect(inbox.next(3)).toBe(8);
  });

  it('forgets what it holds when it is placed anew', () => {
    const inbox = new Inbox(10);
    inbox.place(new Map([[3, 0]]));
    inbox.offer(row(3, 1));
    inbox.place(new Map([[4, 7]]));
    expect(inbox.take(10)).toEqual([]);
    expect(inbox.shards()).toEqual([4]);
  });

  it('wakes who waits for rows, for room or for its end', async () => {
    const inbox = new Inbox(2);
    inbox.place(new Map([[3, 0]]));
    const began = performance.now();
    const rows = inbox.change(20_000);
    inbox.offer(row(3, 1));
    await rows;
    inbox.offer(row(3, 2));
    expect(inbox.isFull).toBe(true);
    const room = inbox.change(20_000);
    inbox.take(1);
    await room;
    const woken = inbox.change(20_000);
    inbox.wake();
    await woken;
    expect(performance.now() - began).toBeLessThan(5_000);
    await inbox.change(1);
  });
});
