import { AccessDenied } from '#access';
import type { EventRow, TenantEvents } from '#event-store';

import { Watch } from './live-tail.js';
import { eventStream } from './sse.js';

const row = (position: number): EventRow => ({
  shard: 3,
  position: String(position),
  tenant_id: '11111111-1111-4111-8111-111111111111',
  stream_id: 'payment-1',
  version: position,
  event_id: '11111111-1111-4111-8111-111111111112',
  type: 'PaymentCaptured',
  schema_version: 1,
  correlation_id: '11111111-1111-4111-8111-111111111113',
  causation_id: '11111111-1111-4111-8111-111111111113',
  data: '{"amount":1}',
  metadata: { actor: { type: 'system', subject: 'gateway' } },
  recorded_at: '2026-11-21 03:28:00+00',
});
const page = (positions: number[], upTo: number, head = upTo): TenantEvents => ({
  rows: positions.map(row),
  upTo,
  head,
});
const idsIn = (text: string): string[] => [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => String(id));

describe('a stream of events', () => {
  let seenUpTo: number;
  let watch: Watch;
  let reads: number[];
  let pages: TenantEvents[];
  let controller: AbortController;
  const open = (first: TenantEvents) =>
    eventStream({
      shard: 3,
      first,
      read: (after) => {
        reads.push(after);
        const next = pages.shift();
        return next ? Promise.resolve(next) : Promise.reject(new Error('not expected'));
      },
      watch,
      signal: controller.signal,
      heartbeatMs: 60,
    });

  beforeEach(() => {
    seenUpTo = 0;
    reads = [];
    pages = [];
    controller = new AbortController();
    watch = new Watch(
      3,
      'tenant',
      () => seenUpTo,
      () => undefined,
    );
  });
  const nextOf = async (stream: AsyncGenerator<string>): Promise<string | undefined> => {
    const next = await stream.next();
    return next.done === true ? undefined : next.value;
  };

  it('reads on while there is more, then waits for its tenant', async () => {
    const stream = open(page([1, 2], 100, 150));
    pages = [page([], 150), page([160], 160)];
    expect(await nextOf(stream)).toBe('retry: 2000\n\n');
    expect(idsIn((await nextOf(stream)) ?? '')).toEqual(['3:1', '3:2']);
    const woken = nextOf(stream);
    watch.saw(160);
    expect(idsIn((await woken) ?? '')).toEqual(['3:160']);
    expect(reads).toEqual([100, 150]);
  });

  it('says now and then that it lives, and how far the log has gone without its tenant', async () => {
    const stream = open(page([], 7));
    await nextOf(stream);
    seenUpTo = 5_000;
    expect(await nextOf(stream)).toBe(': heartbeat\nid: 3:5000\n\n');
    seenUpTo = 6_000;
    expect(await nextOf(stream)).toBe(': heartbeat\nid: 3:6000\n\n');
    expect(reads).toEqual([]);
  });

  it('does not pass over an event that it was told of', async () => {
    const stream = open(page([], 7));
    await nextOf(stream);
    pages = [page([8], 9)];
    watch.saw(8);
    seenUpTo = 9;
    expect(idsIn((await nextOf(stream)) ?? '')).toEqual(['3:8']);
    expect(reads).toEqual([7]);
  });

  it('tells nothing more of a page once the right to it has ended, but why', async () => {
    const stream = open(page([...Array(120).keys()], 120));
    await nextOf(stream);
    expect(idsIn((await nextOf(stream)) ?? '')).toHaveLength(50);
    controller.abort(new AccessDenied(403, 'service_not_registered', 'revoked'));
    expect(await nextOf(stream)).toMatch(/^event: problem\ndata: \{.*"code":"service_not_registered"/);
    expect(await nextOf(stream)).toBeUndefined();
  });

  it('ends when the client has gone, and tells a reason where there is one', async () => {
    const gone = open(page([], 7));
    await nextOf(gone);
    const end = nextOf(gone);
    controller.abort('over');
    expect(await end).toBeUndefined();
    controller = new AbortController();
    const failing = open(page([], 7, 8)); // and then the read fails
    await nextOf(failing);
    expect(await nextOf(failing)).toMatch(/^event: problem\ndata: \{.*"code":"internal_error"/);
    expect(await nextOf(failing)).toBeUndefined();
  });
});
