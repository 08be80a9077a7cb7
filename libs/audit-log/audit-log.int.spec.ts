import { appendOver } from '#event-store';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import {
  LeafRuns,
  auditedFrom,
  eventBytes,
  readAudited,
  tenantEvent,
  tenantEventsBetween,
  tenantStream,
} from './index.js';

let database: TestDatabase;
let anchor: Pool;
let api: Pool;
let tenantId: string;
let other: string;
const shard = 5;

beforeAll(async () => {
  database = await createTestDatabase();
  [anchor, api] = [database.pool('billing_merkle_anchor', { max: 2 }), database.pool('billing_api', { max: 2 })];
  tenantId = await database.addTenant({ shard });
  other = await database.addTenant({ shard });
});
afterAll(() => database.drop());

const append = async (tenant: string, streamId: string, expectedVersion = 0, note = 'x'): Promise<void> => {
  const [result] = await appendOver(api)(shard, [
    {
      tenantId: tenant,
      commandId: randomUUID(),
      fingerprint: Buffer.from('same'),
      streamId,
      expectedVersion,
      events: [{ type: 'PaymentCreated', note } as { type: 'PaymentCreated' }],
      correlationId: randomUUID(),
      actor: { type: 'person', subject: `"${note}"` },
    },
  ]);
  expect(result?.status).toBe('ok');
};

describe('audited events', () => {
  const streamId = `payment-${randomUUID()}`;

  it('are read by the anchor over all shards after their positions, in order, as they are stored', async () => {
    await append(tenantId, streamId, 0, '\u{1f600}é\u2028');
    await append(other, `payment-${randomUUID()}`);
    await append(tenantId, streamId, 1);
    const all = await readAudited(anchor, new Map([0, shard].map((each) => [each, 0])), 10);
    expect(all.map(({ position, tenantId: of }) => [position, of])).toEqual([
      [1, tenantId],
      [2, other],
      [3, tenantId],
    ]);
    expect((await readAudited(anchor, new Map([[shard, 1]]), 1)).map(({ position }) => position)).toEqual([2]);
    expect(await readAudited(anchor, new Map(), 1)).toEqual([]);
    const { rows } = await database.admin.query<{ data: string; us: string }>(
      `select data, extract(epoch from recorded_at)::text as us from billing.event where position = 1`,
    );
    expect(all[0]).toMatchObject({ data: rows[0]?.data, version: 1, streamId, type: 'PaymentCreated' });
    const [, micros] = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{6})Z$/.exec(all[0]?.recordedAt ?? '') ?? [];
    expect(rows[0]?.us.endsWith(`.${micros}`)).toBe(true);
  });

  it('have the same bytes whoever reads them, in whatever time zone and style of dates', async () => {
    const place = { tenantId, shard };
    const [first, , third] = await readAudited(anchor, new Map([[shard, 0]]), 10);
    const abroad = database.pool('billing_merkle_anchor', {
      max: 1,
      options: '-c TimeZone=Asia/Kathmandu -c DateStyle=German',
    });
    const [there] = await readAudited(abroad, new Map([[shard, 0]]), 1);
    const stream = (await tenantStream(api, place, streamId)).map(auditedFrom);
    const between = await tenantEventsBetween(api, place, { after: 0, upTo: 3, limit: 10 });
    const one = await tenantEvent(api, place, first?.eventId ?? '');
    const bytes = (event: typeof first) => event && eventBytes(event).toString();
    expect([there, stream[0], between[0], one].map(bytes)).toEqual(Array.from({ length: 4 }, () => bytes(first)));
    expect([stream, between]).toEqual([
      [first, third],
      [first, third],
    ]);
  });

  it("are nobody else's", async () => {
    const [first] = await readAudited(anchor, new Map([[shard, 0]]), 1);
    const stranger = { tenantId: other, shard };
    expect(await tenantEvent(api, stranger, first?.eventId ?? '')).toBeUndefined();
    expect(await tenantStream(api, stranger, streamId)).toEqual([]);
    expect(await tenantEventsBetween(api, stranger, { after: 0, upTo: 1, limit: 10 })).toEqual([]);
  });
});

describe('leaf runs', () => {
  it('tell the leaf of a place and the place of a leaf', async () => {
    const runs = new LeafRuns(anchor);
    const three = [
      { index: 0, shard: 3, position: 1, count: 4 },
      { index: 4, shard: 5, position: 1, count: 1 },
      { index: 5, shard: 3, position: 5, count: 2 },
    ];
    await runs.insert(three);
    await runs.insert(three);
    await runs.insert([]);
    await runs.insert(three.slice(1));
    const changed = { code: 'leaf_runs_changed' };
    await expect(runs.insert([{ index: 5, shard: 3, position: 5, count: 3 }])).rejects.toMatchObject(changed);
    await expect(runs.insert([{ index: 2, shard: 3, position: 3, count: 2 }])).rejects.toMatchObject(changed);
    await expect(runs.insert([{ index: 9, shard: 3, position: 1, count: 9 }])).rejects.toMatchObject(changed);
    await expect(runs.insert([{ index: 9, shard: 3, position: 7, count: 9 }])).rejects.toMatchObject({ code: '23514' });
    expect([await runs.from(0, 10), await runs.from(1, 1)]).toEqual([three, [three[1]]]);
    const places = [6, 1, 7, 0, 4].map((position) => ({ shard: 3, position }));
    expect(await runs.indexesOf([...places, { shard: 5, position: 1 }])).toEqual([6, 0, undefined, undefined, 3, 4]);
    expect([await runs.indexOf(3, 5), await runs.indexOf(4, 1)]).toEqual([5, undefined]);
    const positions = await Promise.all([-1, 0, 3, 4, 5, 6, 99].map((index) => runs.positionAt(3, index)));
    expect(positions).toEqual([0, 1, 4, 4, 5, 6, 6]);
  });
});
