import { platformTenantId } from '#access/tenancy';
import type { DomainEvent } from '#contracts';
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import pg from 'pg';

import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import type { AppendBatch, AppendCommand } from './append.js';
import { SuspendedTenant, appendOver } from './append.js';
import { Batcher } from './batcher.js';
import { shardForNewTenant } from './shard.js';

let database: TestDatabase;
let api: AppendBatch;
let gateway: AppendBatch;
const shard = 5;

beforeAll(async () => {
  database = await createTestDatabase();
  api = appendOver(database.pool('billing_api'));
  gateway = appendOver(database.pool('billing_gateway'));
});
afterAll(() => database.drop());

const command = (tenantId: string, event: DomainEvent, over: Partial<AppendCommand> = {}): AppendCommand => ({
  tenantId,
  commandId: randomUUID(),
  fingerprint: Buffer.from('same'),
  streamId: `payment-${randomUUID()}`,
  expectedVersion: 0,
  events: [event],
  correlationId: randomUUID(),
  actor: { type: 'person', subject: 'tester' },
  ...over,
});
const asked = (tenantId: string) => command(tenantId, { type: 'PaymentCreated' });
const fact = (tenantId: string) => command(tenantId, { type: 'PaymentCaptured' });

/** How often the tenant's own stream has been written. */
const versions = new Map<string, number>();
const turned = (tenantId: string, type: 'TenantSuspended' | 'TenantReinstated', at = '2026-11-21T10:00:00.123Z') => {
  const expectedVersion = versions.get(tenantId) ?? 0;
  versions.set(tenantId, expectedVersion + 1);
  const event = { type, tenantId, reason: 'OPS-1', at };
  return command(tenantId, event, { streamId: `tenant-${tenantId}`, expectedVersion });
};
const suspendedTenant = async (): Promise<string> => {
  const tenantId = await database.addTenant({ shard });
  await api(shard, [turned(tenantId, 'TenantSuspended')]);
  return tenantId;
};
const suspendedAt = async (tenantId: string): Promise<Date | null | undefined> => {
  const { rows } = await database.admin.query<{ suspended_at: Date | null }>(
    'select suspended_at from billing.tenant where id = $1',
    [tenantId],
  );
  return rows[0]?.suspended_at;
};

describe('a suspended tenant', () => {
  it('is suspended and reinstated by the event itself, in one transaction with it', async () => {
    const tenantId = await suspendedTenant();
    expect((await suspendedAt(tenantId))?.toISOString()).toBe('2026-11-21T10:00:00.123Z');
    await expect(api(shard, [asked(tenantId)])).rejects.toThrow(SuspendedTenant);
    await api(shard, [turned(tenantId, 'TenantReinstated')]);
    expect(await suspendedAt(tenantId)).toBeNull();
    expect(await api(shard, [asked(tenantId)])).toMatchObject([{ status: 'ok' }]);
  });

  it('stays as it was when the event is a duplicate or loses its place in the stream', async () => {
    const tenantId = await suspendedTenant();
    const again = turned(tenantId, 'TenantReinstated');
    await api(shard, [again]);
    await api(shard, [turned(tenantId, 'TenantSuspended')]);
    expect(await api(shard, [again])).toMatchObject([{ status: 'duplicate' }]);
    const late = { ...turned(tenantId, 'TenantReinstated'), expectedVersion: 1 };
    expect(await api(shard, [late])).toMatchObject([{ status: 'conflict' }]);
    expect(await suspendedAt(tenantId)).not.toBeNull();
  });

  it('is told what the processor did all the same, beside others that go on', async () => {
    const [suspended, active] = [await suspendedTenant(), await database.addTenant({ shard })];
    expect(await gateway(shard, [fact(suspended), fact(active)])).toMatchObject([{ status: 'ok' }, { status: 'ok' }]);
    expect(await api(shard, [asked(active)])).toMatchObject([{ status: 'ok' }]);
  });

  it('hurts nobody who shares its batch', async () => {
    const [suspended, active] = [await suspendedTenant(), await database.addTenant({ shard })];
    const batcher = new Batcher(api);
    const results = await Promise.allSettled(
      [active, suspended, active].map((tenantId) => batcher.append(shard, asked(tenantId))),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('has no word after the suspension in the batch that brings it', async () => {
    const tenantId = await database.addTenant({ shard });
    const suspend = turned(tenantId, 'TenantSuspended');
    await expect(api(shard, [suspend, asked(tenantId)])).rejects.toThrow('comes alone');
    const both = { ...suspend, events: [...suspend.events, { type: 'PaymentCreated' }] };
    await expect(api(shard, [both])).rejects.toThrow('comes alone');
    const batcher = new Batcher(api);
    const results = await Promise.allSettled(
      [asked(tenantId), suspend, asked(tenantId)].map((each) => batcher.append(shard, each)),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
  });

  it('is seen by an append that began before the suspension and waited for its lock', async () => {
    const tenantId = await database.addTenant({ shard });
    const pool = database.pool('billing_api', { max: 1 });
    const holder = await database.pool('billing_api', { max: 1 }).connect();
    await holder.query('begin');
    await appendOver(holder as unknown as Pool)(shard, [turned(tenantId, 'TenantSuspended')]);
    const late = appendOver(pool)(shard, [asked(tenantId)]);
    const refused = expect(late).rejects.toThrow(SuspendedTenant);
    await waitsForLock();
    await holder.query('commit');
    holder.release();
    await refused;
  });

  /** Until somebody waits for the lock of a transaction in this database; 5 s at most. */
  const waitsForLock = async (): Promise<void> => {
    for (let look = 0; look < 250; look += 1) {
      const { rowCount } = await database.admin.query(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      if (rowCount) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('nobody waited for the lock');
  };
});

describe("the platform's own tenant", () => {
  it('is there, in the shard of its id, and closed to business', async () => {
    const own = shardForNewTenant(platformTenantId);
    await expect(api(own, [asked(platformTenantId)])).rejects.toThrow(SuspendedTenant);
    await expect(api(own, [turned(platformTenantId, 'TenantReinstated')])).rejects.toThrow('tenant_platform_closed');
  });
});

describe('who may act as the operator', () => {
  it('appends what concerns tenants, and nothing else of the edges', async () => {
    const tenantId = await database.addTenant({ shard });
    const url = new URL(database.adminUrl);
    url.searchParams.set('options', '-c role=billing_operator');
    const pool = new pg.Pool({ connectionString: url.href, max: 1 });
    pool.on('error', () => undefined); // the database may be dropped before its connection has closed
    try {
      const operator = appendOver(pool);
      expect(await operator(shard, [turned(tenantId, 'TenantSuspended')])).toMatchObject([{ status: 'ok' }]);
      expect(await operator(shard, [turned(tenantId, 'TenantReinstated')])).toMatchObject([{ status: 'ok' }]);
      await expect(operator(shard, [asked(tenantId)])).rejects.toThrow('may not append PaymentCreated');
      await expect(gateway(shard, [turned(tenantId, 'TenantSuspended')])).rejects.toThrow('may not append');
    } finally {
      await pool.end();
    }
  });
});
