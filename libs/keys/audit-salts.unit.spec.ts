import { saltOf } from '#audit';
import { setTimeout as after } from 'node:timers/promises';
import { SaltsExpired, auditSaltsWith } from './audit-salts.js';
import { KeyManagementUnavailable } from './errors.js';
import type { KeyCacheLimits } from './key-cache.js';
import { defaultKeyCacheLimits } from './key-cache.js';
import { Keys } from './keys.js';
import { KmsInMemory } from './testing/kms-in-memory.js';
import { RowsInMemory } from './testing/rows-in-memory.js';
import type { KeyUser } from './who-may-decrypt.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const otherId = '22222222-2222-4222-8222-222222222222';
const [eventId, otherEvent] = ['3f2b1c4d-5e6f-5a7b-8c9d-0e1f2a3b4c5d', '4f2b1c4d-5e6f-5a7b-8c9d-0e1f2a3b4c5d'];

const world = () => {
  const kms = new KmsInMemory();
  const rows = new RowsInMemory();
  const keysOf = (app: KeyUser, cache?: KeyCacheLimits) =>
    new Keys({
      ...{ app, environment: 'test', kms, ...(cache && { cache }) },
      tenantKeys: {
        read: (tenant, purpose) => rows.read(`${tenant}/${purpose}`),
        insert: (tenant, purpose, version, wrapped) => rows.insert(`${tenant}/${purpose}`, version, wrapped),
      },
      subjectKeys: { read: () => Promise.resolve([]), insert: () => Promise.resolve() },
    });
  return { kms, rows, keysOf };
};

describe('the salts of the audit log', () => {
  it('are those that libs/audit computes from the key, which only the anchor’s own specification says twice', () => {
    const key = Buffer.alloc(32, 1);
    expect(auditSaltsWith(key, 1_000)(eventId)).toEqual(saltOf(key, eventId));
  });

  it('are the same for every app and process, another for each event and tenant, and stay when a second key appears', async () => {
    const { kms, rows, keysOf } = world();
    const salt = async (app: KeyUser, tenant: string, event: string) =>
      (await keysOf(app).auditSalts(tenant))(event).toString('hex');
    const given = await salt('merkle-anchor', tenantId, eventId);
    expect(given).toMatch(/^[0-9a-f]{64}$/);
    const { wrapped } = await kms.generateDataKey({ tenantId, purpose: 'audit', environment: 'test' });
    await rows.insert(`${tenantId}/audit`, 2, wrapped);
    expect([await salt('api', tenantId, eventId), await salt('operator', tenantId, eventId)]).toEqual([given, given]);
    const others = [await salt('api', otherId, eventId), await salt('api', tenantId, otherEvent)];
    expect(new Set([given, ...others]).size).toBe(3);
  });

  it('of a whole batch cost one use of the key, and no call of the KMS while it is held', async () => {
    const { kms, keysOf } = world();
    const keys = keysOf('merkle-anchor', { ...defaultKeyCacheLimits, maxUses: 2 });
    const saltOfEvent = await keys.auditSalts(tenantId);
    kms.asked = [];
    for (let n = 0; n < 10_000; n += 1) saltOfEvent(eventId);
    await keys.auditSalts(tenantId);
    expect(kms.asked).toEqual([]);
    await keys.auditSalts(tenantId);
    expect(kms.asked).toEqual(['decrypt']);
  });

  it('stay right when the cache zeroes the key that they were asked of, and are none under zeros', async () => {
    const { keysOf } = world();
    const keys = keysOf('merkle-anchor', { ...defaultKeyCacheLimits, maxUses: 1 });
    const salts = await keys.auditSalts(tenantId);
    const before = salts(eventId);
    keys.clear();
    expect(salts(eventId)).toEqual(before);
    expect(before).not.toEqual(saltOf(Buffer.alloc(32), eventId));
  });

  it('end when the key would have had to leave the cache', async () => {
    const { keysOf } = world();
    const salts = await keysOf('api', { ...defaultKeyCacheLimits, maxAgeMs: 20 }).auditSalts(tenantId);
    expect(salts(eventId)).toHaveLength(32);
    await after(25);
    expect(() => salts(eventId)).toThrow(SaltsExpired);
  });

  it.each(['', 'x', eventId.toUpperCase(), `${eventId} `])('are for ids of events, not for %j', async (id) => {
    const salts = await world().keysOf('api').auditSalts(tenantId);
    expect(() => salts(id)).toThrow(TypeError);
  });

  it('are not to be had while the KMS is away, which leaves nothing half made', async () => {
    const { kms, rows, keysOf } = world();
    kms.trouble = new KeyManagementUnavailable('timeout');
    const keys = keysOf('merkle-anchor');
    await expect(keys.auditSalts(tenantId)).rejects.toThrow(KeyManagementUnavailable);
    expect(rows.rows.size).toBe(0);
    kms.trouble = undefined;
    expect((await keys.auditSalts(tenantId))(eventId)).toHaveLength(32);
  });
});
