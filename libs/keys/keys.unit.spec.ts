import { KeyMissing, KeyUseDenied, SealBroken, UnwrapRefused } from './errors.js';
import { Keys } from './keys.js';
import type { PersonalPlace, TokenPlace } from './keys.js';
import type { Subject, SubjectKeyStore } from './subject-keys.js';
import type { TenantKeyStore } from './tenant-keys.js';
import { KmsInMemory } from './testing/kms-in-memory.js';
import { RowsInMemory } from './testing/rows-in-memory.js';
import { whoMayDecrypt } from './who-may-decrypt.js';
import type { KeyCapability, KeyUser } from './who-may-decrypt.js';

const tenantId = '11111111-1111-4111-8111-111111111111';
const otherId = '22222222-2222-4222-8222-222222222222';
const personal: PersonalPlace = {
  tenantId,
  subjectId: otherId,
  purpose: 'contact',
  record: 'CustomerCreated.personal',
};
const token: TokenPlace = { tenantId, table: 'payment_method', column: 'token', row: otherId };

const world = () => {
  const kms = new KmsInMemory();
  const tenantRows = new RowsInMemory();
  const subjectRows = new RowsInMemory();
  const tenantKeys: TenantKeyStore = {
    read: (tenant, purpose) => tenantRows.read(`${tenant}/${purpose}`),
    insert: (tenant, purpose, version, wrapped) => tenantRows.insert(`${tenant}/${purpose}`, version, wrapped),
  };
  const idOf = (subject: Subject) => `${subject.tenantId}/${subject.subjectId}/${subject.purpose}`;
  const subjectKeys: SubjectKeyStore = {
    read: (subject) => subjectRows.read(idOf(subject)),
    insert: (subject, version, wrapped) => subjectRows.insert(idOf(subject), version, wrapped),
  };
  const keysOf = (app: KeyUser) => new Keys({ app, environment: 'test', kms, tenantKeys, subjectKeys });
  return { kms, tenantRows, subjectRows, keysOf };
};

describe('personal data', () => {
  it('opens in another process to what was sealed', async () => {
    const { keysOf } = world();
    const sealed = await keysOf('api').sealPersonal(personal, 'ada@example.com');
    expect(sealed).toMatch(/^v1\.1\.[A-Za-z0-9_-]+$/);
    expect(await keysOf('gateway').openPersonal(personal, sealed)).toEqual({
      erased: false,
      plaintext: 'ada@example.com',
    });
  });

  it('of an erased person reads as erased, and that of others still opens', async () => {
    const { keysOf, subjectRows } = world();
    const other = { ...personal, subjectId: tenantId };
    const sealed = await keysOf('api').sealPersonal(personal, 'ada@example.com');
    const sealedOther = await keysOf('api').sealPersonal(other, 'bob@example.com');
    subjectRows.rows.delete(`${tenantId}/${otherId}/contact`);
    expect(await keysOf('api').openPersonal(personal, sealed)).toEqual({ erased: true });
    expect(await keysOf('api').openPersonal(other, sealedOther)).toEqual({
      erased: false,
      plaintext: 'bob@example.com',
    });
  });

  it('has one key per person and purpose', async () => {
    const { keysOf, subjectRows } = world();
    const keys = keysOf('api');
    await Promise.all(
      (['contact', 'tax', 'dispute', 'contact'] as const).map((purpose) =>
        keys.sealPersonal({ ...personal, purpose }, 'x'),
      ),
    );
    expect([...subjectRows.rows.keys()].sort()).toEqual(
      ['contact', 'dispute', 'tax'].map((purpose) => `${tenantId}/${otherId}/${purpose}`),
    );
  });

  it('does not open at another record, person, purpose or tenant', async () => {
    const { keysOf } = world();
    const keys = keysOf('api');
    const sealed = await keys.sealPersonal(personal, 'ada@example.com');
    const elsewhere: PersonalPlace[] = [
      { ...personal, record: 'CustomerCreated.other' },
      { ...personal, subjectId: tenantId },
      { ...personal, purpose: 'tax' },
      { ...personal, tenantId: otherId },
    ];
    for (const place of elsewhere) {
      await keys.sealPersonal(place, 'has a key too');
      await expect(keys.openPersonal(place, sealed)).rejects.toThrow(SealBroken);
    }
  });

  it('whose wrapped key was moved to another person does not open', async () => {
    const { keysOf, subjectRows } = world();
    const sealed = await keysOf('api').sealPersonal(personal, 'ada@example.com');
    const stolen = subjectRows.rows.get(`${tenantId}/${otherId}/contact`) ?? [];
    subjectRows.rows.set(`${tenantId}/${tenantId}/contact`, stolen);
    const place = { ...personal, subjectId: tenantId };
    await expect(keysOf('api').openPersonal(place, sealed)).rejects.toThrow(SealBroken);
  });

  it.each([
    ['an id in upper case', { ...personal, tenantId: tenantId.replaceAll('1', 'A') }],
    ['no id', { ...personal, subjectId: '' }],
    ['a path', { ...personal, subjectId: `${otherId}/contact` }],
  ])('takes UUIDs only, not %s', async (_, place) => {
    await expect(world().keysOf('api').sealPersonal(place, 'x')).rejects.toThrow(TypeError);
  });
});

describe('a processor token', () => {
  it('is sealed by the api and opened by the gateway', async () => {
    const { keysOf } = world();
    const sealed = await keysOf('api').sealToken(token, 'pm_1Nv0FG');
    expect(sealed).not.toContain('pm_1Nv0FG');
    expect(await keysOf('gateway').openToken(token, sealed)).toBe('pm_1Nv0FG');
  });

  it('does not open in another tenant, table, column or row', async () => {
    const { keysOf } = world();
    const keys = keysOf('gateway');
    const sealed = await keys.sealToken(token, 'pm_1Nv0FG');
    const elsewhere: TokenPlace[] = [
      { ...token, tenantId: otherId },
      { ...token, table: 'customer' },
      { ...token, column: 'fingerprint' },
      { ...token, row: tenantId },
    ];
    for (const place of elsewhere) {
      await keys.sealToken(place, 'has a key too');
      await expect(keys.openToken(place, sealed)).rejects.toThrow(SealBroken);
    }
  });

  it('sealed before a rotation still opens, and the new version seals', async () => {
    const { kms, keysOf, tenantRows } = world();
    const before = await keysOf('gateway').sealToken(token, 'pm_1Nv0FG');
    const { wrapped } = await kms.generateDataKey({ tenantId, purpose: 'token', environment: 'test' });
    await tenantRows.insert(`${tenantId}/token`, 2, wrapped);
    const keys = keysOf('gateway');
    const after = await keys.sealToken(token, 'pm_1Nv0FG');
    expect(after).toMatch(/^v1\.2\./);
    expect(await keys.openToken(token, before)).toBe('pm_1Nv0FG');
    expect(await keys.openToken(token, after)).toBe('pm_1Nv0FG');
    await expect(keys.openToken(token, after.replace('v1.2.', 'v1.1.'))).rejects.toThrow(SealBroken);
    await expect(keys.openToken(token, after.replace('v1.2.', 'v1.3.'))).rejects.toThrow(KeyMissing);
  });
});

describe('a client secret', () => {
  const cell: TokenPlace = { tenantId, table: 'client_secret', column: 'sealed', row: `${otherId}:1` };

  it('is sealed by the gateway and opened by the api, in its own cell alone', async () => {
    const { keysOf } = world();
    const sealed = await keysOf('gateway').sealClientSecret(cell, 'pi_1_secret_2');
    expect(sealed).not.toContain('secret_2');
    expect(await keysOf('api').openClientSecret(cell, sealed)).toBe('pi_1_secret_2');
    await expect(keysOf('api').openClientSecret({ ...cell, row: `${otherId}:2` }, sealed)).rejects.toThrow(SealBroken);
  });

  it('is under a key of its own: a token key opens none', async () => {
    const { keysOf, tenantRows } = world();
    const sealed = await keysOf('gateway').sealToken(cell, 'pi_1_secret_2');
    await keysOf('gateway').sealClientSecret(cell, 'pi_1_secret_2');
    await expect(keysOf('api').openClientSecret(cell, sealed)).rejects.toThrow(SealBroken);
    expect([...tenantRows.rows.keys()]).toEqual([`${tenantId}/token`, `${tenantId}/client_secret`]);
  });
});

describe('the fingerprint of a card', () => {
  it('is the same for good within a tenant, and another in every other', async () => {
    const { kms, keysOf, tenantRows } = world();
    const before = await keysOf('gateway').fingerprint(tenantId, 'Xt5EWLLDS7FJjR1c');
    expect(before).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const { wrapped } = await kms.generateDataKey({ tenantId, purpose: 'fingerprint', environment: 'test' });
    await tenantRows.insert(`${tenantId}/fingerprint`, 2, wrapped);
    expect(await keysOf('gateway').fingerprint(tenantId, 'Xt5EWLLDS7FJjR1c')).toBe(before);
    const others = [
      await keysOf('gateway').fingerprint(otherId, 'Xt5EWLLDS7FJjR1c'),
      await keysOf('gateway').fingerprint(tenantId, 'Xt5EWLLDS7FJjR1d'),
    ];
    expect(new Set([before, ...others]).size).toBe(3);
  });
});

describe('the blind index', () => {
  it('is equal for equal values of one tenant and kind only', async () => {
    const { keysOf } = world();
    const index = (tenant: string, kind: string, value: string) => keysOf('api').blindIndex(tenant, kind, value);
    const given = await index(tenantId, 'email', 'ada@example.com');
    expect(given).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await index(tenantId, 'email', 'ada@example.com')).toBe(given);
    const others = await Promise.all([
      index(otherId, 'email', 'ada@example.com'),
      index(tenantId, 'request', 'ada@example.com'),
      index(tenantId, 'email', 'bob@example.com'),
    ]);
    expect(new Set([given, ...others]).size).toBe(4);
  });

  it('does not change when a second index key appears', async () => {
    const { kms, keysOf, tenantRows } = world();
    const before = await keysOf('api').blindIndex(tenantId, 'email', 'ada@example.com');
    const { wrapped } = await kms.generateDataKey({ tenantId, purpose: 'index', environment: 'test' });
    await tenantRows.insert(`${tenantId}/index`, 2, wrapped);
    expect(await keysOf('api').blindIndex(tenantId, 'email', 'ada@example.com')).toBe(before);
  });
});

describe('tenant keys', () => {
  it('that ten processes create at once are one key', async () => {
    const { keysOf, tenantRows } = world();
    const processes = Array.from({ length: 10 }, () => keysOf('gateway'));
    const sealed = await Promise.all(processes.map((keys) => keys.sealToken(token, 'pm_1Nv0FG')));
    expect(tenantRows.rows.get(`${tenantId}/token`)).toHaveLength(1);
    for (const text of sealed) expect(await keysOf('gateway').openToken(token, text)).toBe('pm_1Nv0FG');
  });

  it('cost one KMS call for a thousand operations, and one more after clear', async () => {
    const { kms, keysOf } = world();
    const keys = keysOf('gateway');
    await keys.sealToken(token, 'x');
    kms.asked = [];
    await Promise.all(Array.from({ length: 1_000 }, () => keys.sealToken(token, 'x')));
    expect(kms.asked).toEqual([]);
    keys.clear();
    await keys.sealToken(token, 'x');
    expect(kms.asked).toEqual(['decrypt']);
  });

  it('moved to another tenant in the database do not open', async () => {
    const { keysOf, tenantRows } = world();
    await keysOf('gateway').sealToken(token, 'x');
    tenantRows.rows.set(`${otherId}/token`, tenantRows.rows.get(`${tenantId}/token`) ?? []);
    const place = { ...token, tenantId: otherId };
    await expect(keysOf('gateway').sealToken(place, 'x')).rejects.toThrow(UnwrapRefused);
  });
});

describe('a dead letter', () => {
  it('is sealed by the worker and opened by an operator, for its own record alone', async () => {
    const { keysOf } = world();
    const sealed = await keysOf('command-worker').sealDeadLetter(tenantId, '3:7', Buffer.from([0xff, 0x00, 0x41]));
    await expect(keysOf('operator').openDeadLetter(tenantId, '3:7', sealed)).resolves.toEqual(
      Buffer.from([0xff, 0x00, 0x41]),
    );
    await expect(keysOf('operator').openDeadLetter(tenantId, '3:8', sealed)).rejects.toThrow(SealBroken);
  });
});

describe('who may decrypt', () => {
  /** Those of the platform and of rotation have specs of their own: platform-keys and rotation. */
  type OfTenants = Exclude<
    KeyCapability,
    | `${'inbox' | 'webhook-secret' | 'api-key' | 'checkpoint'}:${string}`
    | `${'tenant' | 'platform' | 'master'}-key:rotate`
  >;
  const operations: Record<OfTenants, (keys: Keys) => Promise<unknown>> = {
    'personal:seal': (keys: Keys) => keys.sealPersonal(personal, 'x'),
    'personal:open': (keys: Keys) => keys.openPersonal(personal, 'v1.1.AAAA'),
    'token:seal': (keys: Keys) => keys.sealToken(token, 'x'),
    'token:open': (keys: Keys) => keys.openToken(token, 'v1.1.AAAA'),
    'index:mac': (keys: Keys) => keys.blindIndex(tenantId, 'email', 'x'),
    'client-secret:seal': (keys: Keys) => keys.sealClientSecret(token, 'x'),
    'client-secret:open': (keys: Keys) => keys.openClientSecret(token, 'v1.1.AAAA'),
    'fingerprint:mac': (keys: Keys) => keys.fingerprint(tenantId, 'x'),
    'audit-salt:mac': (keys: Keys) => keys.auditSalts(tenantId),
    'dead-letter:seal': (keys: Keys) => keys.sealDeadLetter(tenantId, '3:7', Buffer.from('x')),
    'dead-letter:open': (keys: Keys) => keys.openDeadLetter(tenantId, '3:7', 'v1.1.AAAA'),
  };
  const cases = (Object.keys(whoMayDecrypt) as KeyUser[]).flatMap((app) =>
    (Object.keys(operations) as (keyof typeof operations)[]).map((capability) => [app, capability] as const),
  );

  it.each(cases)('%s, %s: as the table says', async (app, capability) => {
    const { kms, keysOf } = world();
    const outcome = await operations[capability](keysOf(app)).catch((error: unknown) => error);
    const denied = outcome instanceof KeyUseDenied;
    expect(denied).toBe(!whoMayDecrypt[app].includes(capability));
    if (denied) expect(kms.asked).toEqual([]);
  });

  it.each(Object.keys(whoMayDecrypt) as KeyUser[])(
    '%s seals anew where it may both open and rotate, and else not',
    async (app) => {
      const { kms, keysOf } = world();
      const may = (capability: KeyCapability) => whoMayDecrypt[app].includes(capability);
      const attempts = [
        ['token:open', keysOf(app).resealToken(token, 'v1.1.AAAA')],
        ['personal:open', keysOf(app).rewrapSubjectKey(personal, { version: 1, wrapped: Buffer.from('v1.1.AAAA') })],
      ] as const;
      for (const [capability, attempt] of attempts) {
        const outcome = await attempt.catch((error: unknown) => error);
        expect(outcome instanceof KeyUseDenied).toBe(!(may('tenant-key:rotate') && may(capability)));
      }
      expect(kms.asked).toEqual([]); // what it was given is no sealed text
    },
  );

  it('lists relay and projector for nothing, webhook-ingest for nothing of a tenant, and only the gateway to open tokens', () => {
    const openers = (Object.keys(whoMayDecrypt) as KeyUser[]).filter((app) =>
      whoMayDecrypt[app].includes('token:open'),
    );
    expect(openers).toEqual(['gateway']);
    for (const app of ['relay', 'projector'] as const) expect(whoMayDecrypt[app]).toEqual([]);
    const ofTenants = whoMayDecrypt['webhook-ingest'].filter((capability) => capability in operations);
    expect(ofTenants).toEqual([]);
  });
});
