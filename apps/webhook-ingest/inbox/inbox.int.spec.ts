import { randomUUID } from 'node:crypto';

import { createLogger } from '#platform/logging';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import type { NewEvent, TakenEvent } from './index.js';
import { Inbox, Retention } from './index.js';

let database: TestDatabase;
let inbox: Inbox;
beforeAll(async () => {
  database = await createTestDatabase();
  inbox = new Inbox(database.pool('billing_webhook_ingest'));
});
afterAll(() => database.drop());
beforeEach(() => database.admin.query('delete from billing.webhook_events'));

const start = Date.UTC(2026, 10, 21);
const at = (seconds: number) => new Date(start + seconds * 1_000);

const event = (eventId: string, more: Partial<NewEvent> = {}): NewEvent => ({
  processor: 'stripe',
  eventId,
  account: undefined,
  type: 'charge.updated',
  apiVersion: '2026-10-28.endive',
  livemode: false,
  createdAt: at(-10),
  receivedAt: at(0),
  sealed: 'v1.1.sealed',
  bodyHash: Buffer.alloc(32, 1),
  ...more,
});

const row = async (eventId: string): Promise<Record<string, unknown>> => {
  const { rows } = await database.admin.query<Record<string, unknown>>(
    'select * from billing.webhook_events where event_id = $1',
    [eventId],
  );
  return rows[0] ?? {};
};

const take = async (
  now: Date,
  options: { limit?: number; owner?: number; from?: Inbox } = {},
): Promise<TakenEvent[]> => {
  const { limit = 10, owner = 1, from = inbox } = options;
  return from.take(now, limit, new Date(now.getTime() + 30_000), owner);
};

const one = async (now: Date): Promise<TakenEvent> => {
  const [taken] = await take(now);
  if (!taken) throw new Error('nothing is due');
  return taken;
};

describe('events that are stored', () => {
  it('are taken once, by whoever comes first, in the order in which they were made', async () => {
    const made = Array.from({ length: 40 }, (_, n) => event(`evt_${n}`, { createdAt: at(-n) }));
    expect(await Promise.all(made.map((each) => inbox.store(each)))).toEqual(made.map(() => 'stored'));
    const other = new Inbox(database.pool('billing_webhook_ingest'));
    const hands = await Promise.all([
      take(at(0), { owner: 1 }),
      take(at(0), { owner: 2, from: other }),
      take(at(0), { owner: 3 }),
      take(at(0), { owner: 4, from: other }),
    ]);
    for (const hand of hands)
      expect(hand.map(({ createdAt }) => createdAt)).toEqual(
        hand.map(({ createdAt }) => createdAt).sort((a, b) => +a - +b),
      );
    const taken = hands.flat().map(({ eventId }) => eventId);
    expect(taken.sort()).toEqual(made.map(({ eventId }) => eventId).sort());
    expect(await take(at(1))).toEqual([]);
  });

  it('hurt nobody when they come in one batch with their copies', async () => {
    const copies = [event('evt_a'), event('evt_b'), event('evt_a'), event('evt_a', { bodyHash: Buffer.alloc(32, 2) })];
    expect(await Promise.all(copies.map((each) => inbox.store(each)))).toEqual([
      'stored',
      'stored',
      'duplicate',
      'conflict',
    ]);
    expect((await row('evt_a')).body_hash).toEqual(Buffer.alloc(32, 1));
  });

  it('are stored by two processes at once, whatever order they came in', async () => {
    const inboxes = [inbox, new Inbox(database.pool('billing_webhook_ingest'))];
    for (let round = 0; round < 20; round += 1) {
      const events = Array.from({ length: 60 }, (_, n) => event(`evt_${round}_${n}`));
      const orders = [events, events.toReversed()];
      const stored = await Promise.all(inboxes.flatMap((each, at) => (orders[at] ?? []).map((one) => each.store(one))));
      expect(stored.filter((each) => each === 'stored')).toHaveLength(60);
    }
  });

  it('are stored in the order of their names, so that nobody waits for what waits for them', async () => {
    const other = await database.admin.connect();
    const insert = `insert into billing.webhook_events (processor, event_id, type, livemode, created_at, sealed, body_hash)
      values ('stripe', $1, 'charge.updated', false, now(), 'v1.1.x', sha256('x'))`;
    await other.query('begin');
    await other.query(insert, ['evt_a']);
    const stored = Promise.all(['evt_a', 'evt_b', 'evt_c', 'evt_b'].map((id) => inbox.store(event(id))));
    const deadline = Date.now() + 5_000;
    const waits = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
    while ((await database.admin.query(waits)).rowCount === 0 && Date.now() < deadline);
    await other.query(insert, ['evt_b']);
    await other.query('commit');
    other.release();
    expect(await stored).toEqual(['conflict', 'conflict', 'stored', 'conflict']);
  });

  it('wake who listens, but for those that are ignored or were there', async () => {
    let woken = 0;
    const end = inbox.onStored(() => (woken += 1));
    await inbox.store(event('evt_w1'));
    await inbox.store(event('evt_w1'));
    await inbox.store(event('evt_w2', { ignored: 'livemode_mismatch' }));
    expect(woken).toBe(1);
    end();
    await inbox.store(event('evt_w3'));
    expect(woken).toBe(1);
    expect((await take(at(0))).map(({ eventId }) => eventId)).toEqual(['evt_w1', 'evt_w3']);
  });

  it('are there again for another process after the lease of one that died', async () => {
    await inbox.store(event('evt_lease'));
    expect(await one(at(0))).toMatchObject({ tries: 1, leaseUntil: at(30) });
    expect(await take(at(29))).toEqual([]);
    expect(await one(at(30))).toMatchObject({ tries: 2 });
  });
});

describe('an event that is in hand longer than its lease', () => {
  it('is not taken by the process that has it, and by another one it is', async () => {
    await inbox.store(event('evt_slow'));
    await one(at(0));
    const leaseUntil = at(90);
    expect(await inbox.take(at(60), 10, leaseUntil, 1, ['evt_slow', 'evt_other'])).toEqual([]);
    expect(await inbox.take(at(60), 10, leaseUntil, 2, ['evt_other'])).toMatchObject([
      { eventId: 'evt_slow', tries: 2 },
    ]);
  });
});

describe('an event among others', () => {
  it('ends although what shares its statement cannot be written', async () => {
    await Promise.all(['evt_good', 'evt_bad'].map((id) => inbox.store(event(id))));
    const taken = await take(at(0));
    const endings = await Promise.allSettled(
      taken.map((each) => {
        const tenantId = each.eventId === 'evt_bad' ? 'no id at all' : randomUUID();
        return inbox.finish(each, { state: 'applied', outcome: 'recorded', tenantId, at: at(1) });
      }),
    );
    expect(new Map(taken.map(({ eventId }, n) => [eventId, endings[n]?.status]))).toEqual(
      new Map([
        ['evt_good', 'fulfilled'],
        ['evt_bad', 'rejected'],
      ]),
    );
    expect([(await row('evt_good')).state, (await row('evt_bad')).state]).toEqual(['applied', 'received']);
  });

  it('remembers as much of a reason as there is room for', async () => {
    await inbox.store(event('evt_long'));
    expect(await inbox.finish(await one(at(0)), { state: 'quarantined', reason: 'x'.repeat(300), at: at(1) })).toBe(
      true,
    );
    expect(await row('evt_long')).toMatchObject({ state: 'quarantined', reason: 'x'.repeat(200) });
  });

  it('is taken before those that wait, which get half of the room', async () => {
    await Promise.all(Array.from({ length: 10 }, (_, n) => inbox.store(event(`evt_waits_${n}`))));
    for (const each of await take(at(0)))
      await inbox.postpone(each, { state: 'waiting', notBefore: at(1), reason: 'object_unknown' });
    await Promise.all(['evt_a', 'evt_b', 'evt_c'].map((id) => inbox.store(event(id, { receivedAt: at(5) }))));
    const hand = await take(at(10), { limit: 4 });
    expect(hand.filter(({ state }) => state === 'received')).toHaveLength(3);
    expect(hand).toHaveLength(4);
    expect(await take(at(10), { limit: 4, owner: 2 })).toHaveLength(2);
  });
});

describe('an event in hand', () => {
  const tenantId = randomUUID();
  beforeEach(() => inbox.store(event('evt_1')));

  it('ends as applied, with its outcome and whose it is', async () => {
    const taken = await one(at(0));
    expect(await inbox.finish(taken, { state: 'applied', outcome: 'recorded', tenantId, at: at(1) })).toBe(true);
    const ended = { state: 'applied', outcome: 'recorded', tenant_id: tenantId, applied_at: at(1), owner: null };
    expect(await row('evt_1')).toMatchObject(ended);
    expect(await take(at(1_000))).toEqual([]);
  });

  it.each(['ignored', 'quarantined', 'failed'] as const)('ends as %s, with its reason', async (state) => {
    expect(await inbox.finish(await one(at(0)), { state, reason: 'tenant_mismatch', at: at(1) })).toBe(true);
    expect(await row('evt_1')).toMatchObject({ state, reason: 'tenant_mismatch', applied_at: null, tenant_id: null });
    expect(await take(at(1_000))).toEqual([]);
  });

  it('is put back until it is due, and remembers why and how often our own code failed', async () => {
    const first = await one(at(0));
    expect(await inbox.postpone(first, { state: 'waiting', notBefore: at(60), reason: 'object_unknown' })).toBe(true);
    expect(await take(at(59))).toEqual([]);
    const second = await one(at(60));
    expect(second).toMatchObject({ state: 'waiting', reason: 'object_unknown', faults: 0, receivedAt: at(0) });
    await inbox.postpone(second, { state: 'received', notBefore: at(61), reason: 'fault', fault: true });
    expect(await one(at(61))).toMatchObject({ state: 'received', faults: 1, tries: 3 });
  });

  it('remembers how often it was looked at in vain, and since when it waits', async () => {
    const first = await one(at(0));
    expect(first).toMatchObject({ looks: 0, waitsSince: at(0) });
    await inbox.postpone(first, { state: 'waiting', notBefore: at(1), reason: 'no_tenant', lookedInVain: true });
    const second = await one(at(1));
    expect(second).toMatchObject({ looks: 1, waitsSince: at(0) });
    await inbox.postpone(second, { state: 'waiting', notBefore: at(2), reason: 'store_unavailable' });
    await database.admin.query('update billing.webhook_events set looks = 0, replayed_at = $1', [at(1_000)]);
    expect(await one(at(2))).toMatchObject({ looks: 0, waitsSince: at(1_000), receivedAt: at(0), tries: 3 });
  });

  it('is ended by nobody who was overtaken', async () => {
    const slow = await one(at(0));
    const fast = await one(at(30));
    expect(await inbox.finish(slow, { state: 'failed', reason: 'x', at: at(31) })).toBe(false);
    expect(await inbox.postpone(slow, { state: 'waiting', notBefore: at(99), reason: 'x' })).toBe(false);
    expect(await row('evt_1')).toMatchObject({ state: 'received', reason: null });
    expect(await inbox.finish(fast, { state: 'applied', outcome: 'nothing_new', tenantId, at: at(32) })).toBe(true);
    expect(await inbox.finish(fast, { state: 'failed', reason: 'x', at: at(33) })).toBe(false);
    expect(await row('evt_1')).toMatchObject({ state: 'applied', outcome: 'nothing_new' });
  });

  it('is counted while it is not done with', async () => {
    await inbox.store(event('evt_2', { receivedAt: at(5) }));
    expect(await inbox.count()).toEqual([{ state: 'received', events: 2, oldest: at(0) }]);
    await inbox.finish(await one(at(0)), { state: 'quarantined', reason: 'no_tenant', at: at(1) });
    const [quarantined, received] = (await inbox.count()).sort((a, b) => (a.state < b.state ? -1 : 1));
    expect([quarantined?.events, received?.events]).toEqual([1, 1]);
  });
});

describe('old events', () => {
  it('are removed when they are done with, so many at a time, and no others', async () => {
    for (let n = 0; n < 8; n += 1) await inbox.store(event(`evt_${n}`, { receivedAt: at(n) }));
    const taken = await take(at(10));
    const states = ['applied', 'applied', 'applied', 'ignored', 'quarantined', 'failed', 'applied'] as const;
    for (const [n, state] of states.entries()) {
      const each = taken.find(({ eventId }) => eventId === `evt_${n}`);
      if (!each) throw new Error('not taken');
      const ending =
        state === 'applied' ? { state, outcome: 'recorded' as const, tenantId: randomUUID() } : { state, reason: 'x' };
      await inbox.finish(each, { ...ending, at: at(20) });
    }
    expect(await inbox.purge(at(6), 3)).toBe(3);
    expect(await inbox.purge(at(6), 3)).toBe(1);
    expect(await inbox.purge(at(6), 3)).toBe(0);
    const { rows } = await database.admin.query<{ event_id: string }>(
      'select event_id from billing.webhook_events order by 1',
    );
    expect(rows.map(({ event_id }) => event_id)).toEqual(['evt_4', 'evt_5', 'evt_6', 'evt_7']);
  });
});

describe('while the ingest runs', () => {
  it('what was done with a month ago is removed, and nothing younger', async () => {
    const day = 86_400_000;
    for (const [id, days] of [
      ['evt_31', 31],
      ['evt_29', 29],
    ] as const)
      await inbox.store(event(id, { receivedAt: new Date(Date.now() - days * day), ignored: 'type_not_used' }));
    await inbox.store(event('evt_due', { receivedAt: new Date(Date.now() - 31 * day) }));
    const retention = new Retention(inbox, createLogger({ app: 'test', level: 'silent' }));
    retention.start();
    const deadline = Date.now() + 5_000;
    while ((await row('evt_31')).event_id !== undefined && Date.now() < deadline);
    await retention.close();
    const { rows } = await database.admin.query('select event_id from billing.webhook_events order by 1');
    expect(rows).toEqual([{ event_id: 'evt_29' }, { event_id: 'evt_due' }]);
  });
});

describe('the gateway', () => {
  const insert = `insert into billing.webhook_events (processor, event_id, source, type, livemode, created_at, received_at, sealed, body_hash)
    values ('stripe', $1, $2, 'charge.updated', false, now(), now(), 'v1.1.sealed', sha256('x')) on conflict do nothing`;

  it('adds what was never delivered, which is taken like any other; its late delivery is a duplicate', async () => {
    await database.pool('billing_gateway').query(insert, ['evt_missed', 'reconciled']);
    const now = new Date(Date.now() + 60_000);
    expect(await one(now)).toMatchObject({ eventId: 'evt_missed', source: 'reconciled' });
    expect(await inbox.store(event('evt_missed'))).toBe('duplicate');
    await database.pool('billing_gateway').query(insert, ['evt_missed', 'reconciled']);
    expect(await row('evt_missed')).toMatchObject({ source: 'reconciled', tries: 1 });
  });

  it('says of none that it was delivered, reads no body and ends none', async () => {
    const gateway = database.pool('billing_gateway');
    await inbox.store(event('evt_1'));
    await expect(gateway.query(insert, ['evt_forged', 'delivered'])).rejects.toThrow('row-level security');
    expect((await gateway.query('select event_id, state from billing.webhook_events')).rows).toHaveLength(1);
    await expect(gateway.query('select sealed from billing.webhook_events')).rejects.toThrow('permission denied');
    await expect(gateway.query(`update billing.webhook_events set state = 'ignored'`)).rejects.toThrow(
      'permission denied',
    );
    await expect(gateway.query('delete from billing.webhook_events')).rejects.toThrow('permission denied');
  });

  it('is with the ingest the only one that sees any', async () => {
    for (const role of [
      'billing_api',
      'billing_projector',
      'billing_relay',
      'billing_command_worker',
      'billing_privacy',
    ])
      await expect(database.pool(role, { max: 1 }).query('select from billing.webhook_events')).rejects.toThrow(
        'permission denied',
      );
  });
});
