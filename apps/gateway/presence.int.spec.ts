import { randomUUID } from 'node:crypto';

import { createLogger } from '#platform/logging';
import type { Pool } from 'pg';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import { Presence } from './calls/presence.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(() => {
  for (const presence of opened.splice(0)) presence.close();
});
afterAll(() => database.drop());

const opened: Presence[] = [];

const open = (pool: Pool): Presence => {
  const presence = new Presence(pool, logger);
  opened.push(presence);
  return presence;
};

const logger = createLogger({ app: 'test', level: 'silent' });
const now = new Date('2026-11-21T00:00:00Z');
const leaseMs = 60_000;
const nothing = { callIds: [], leaseMs };

const callOf = async (owner: number): Promise<string> => {
  const callId = randomUUID();
  await database.admin.query(
    `insert into billing.processor_call (tenant_id, call_id, shard, stream_id, operation, request, idempotency_key, correlation_id,
       state, first_sent_at, tries, not_before, owner, created_at)
     values ($1::uuid, $1::uuid, 0, 'payment-x', 'payment', '{}', $1::uuid::text, $1::uuid, 'sent', $2::timestamptz, 1,
       $2::timestamptz + interval '1 minute', $3, $2::timestamptz)`,
    [callId, now, owner],
  );
  return callId;
};

const isDue = async (callId: string): Promise<boolean> => {
  const { rows } = await database.admin.query<{ due: boolean }>(
    'select not_before <= $2 and owner is null as due from billing.processor_call where call_id = $1',
    [callId, now],
  );
  return rows[0]?.due === true;
};

describe('what a gateway has in hand', () => {
  it('is its own while it lives, and due at once for the others when it is gone', async () => {
    const pool = database.pool('billing_gateway');
    const [first, second] = [open(pool), open(pool)];
    await first.releaseOrphans(now, nothing);
    const callId = await callOf(first.owner);
    expect(await second.releaseOrphans(now, nothing)).toBe(0);
    first.close();
    // The server notices a moment after the socket has closed.
    const deadline = Date.now() + 5_000;
    while (!(await isDue(callId)) && Date.now() < deadline) await second.releaseOrphans(now, nothing);
    expect(await isDue(callId)).toBe(true);
  });

  it('survives the loss of the session that shows it alive', async () => {
    const pool = database.pool('billing_gateway');
    const presence = open(pool);
    await presence.releaseOrphans(now, nothing);
    await database.admin.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = $1::integer::oid`,
      [presence.owner],
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await presence.releaseOrphans(now, nothing);
    const callId = await callOf(presence.owner);
    const other = open(pool);
    expect(await other.releaseOrphans(now, nothing)).toBe(0);
    expect(await isDue(callId)).toBe(false);
  });

  it('is due again where it is not in its hands after all: what could not be put back, or was stored without its knowing', async () => {
    const presence = open(database.pool('billing_gateway'));
    await presence.releaseOrphans(now, nothing);
    const [held, lost] = [await callOf(presence.owner), await callOf(presence.owner)];
    const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1_000);
    expect(await presence.releaseOrphans(after(4), { callIds: [held], leaseMs })).toBe(0); // it may be on its way
    expect(await presence.releaseOrphans(after(6), { callIds: [held], leaseMs })).toBe(1);
    const { rows } = await database.admin.query<{ call_id: string; owner: number | null }>(
      'select call_id, owner from billing.processor_call where call_id = any ($1)',
      [[held, lost]],
    );
    expect(new Map(rows.map((row) => [row.call_id, row.owner]))).toEqual(
      new Map<string, number | null>([
        [held, presence.owner],
        [lost, null],
      ]),
    );
  });
});
