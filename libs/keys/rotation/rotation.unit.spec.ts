import { randomUUID } from 'node:crypto';

import { KeyManagementUnavailable, KeyUseDenied } from '../errors.js';
import { KmsInMemory } from '../testing/kms-in-memory.js';
import { RowsInMemory } from '../testing/rows-in-memory.js';
import { whoMayDecrypt } from '../who-may-decrypt.js';
import type { KeyUser } from '../who-may-decrypt.js';
import { MasterKeyPending, MasterKeyRotation, NewestRefused, PlatformKeyRotation, TenantKeyRotation } from './index.js';
import type { MasterKeyStore, StoredCiphertext, TenantKeyring } from './index.js';

/** DEKs of a tenant and of the platform, and a secret, as tables of them would be. */
const stored = async (kms: KmsInMemory, count: number) => {
  const deks: (StoredCiphertext & { wrappedAt: number })[] = [];
  const tenantId = randomUUID();
  for (let version = 1; version <= count; version += 1) {
    const wrapped = await kms.generateDataKeyWithoutPlaintext({ tenantId, purpose: 'token', environment: 'test' });
    deks.push({ kind: 'tenant', of: tenantId, account: '', purpose: 'token', version, wrapped, wrappedAt: 0 });
  }
  const ofStripe = async (kind: 'platform' | 'secret', purpose: string) => ({
    ...{ kind, of: 'stripe', account: '', purpose, version: 1, wrappedAt: 0 },
    wrapped: await kms.encrypt(Buffer.alloc(32), { processor: 'stripe', purpose, environment: 'test' }),
  });
  deks.unshift(await ofStripe('platform', 'inbox'), await ofStripe('secret', 'api_key'));
  let rotatedAt: Date | undefined;
  const left = () => deks.filter(({ wrappedAt }) => wrappedAt === 0);
  let sent: { agoMs: number; rotations: number } | undefined;
  const store: MasterKeyStore = {
    alone: (work) => work(),
    begin: () => Promise.resolve({ rotatedAt, sent }),
    markSent: (rotations) => {
      sent = { agoMs: 0, rotations };
      return Promise.resolve();
    },
    markRefused: () => {
      sent = undefined;
      return Promise.resolve();
    },
    markRotated: () => Promise.resolve((rotatedAt = new Date())),
    finish: () => {
      [rotatedAt, sent] = [undefined, undefined];
      return Promise.resolve();
    },
    count: () => Promise.resolve(left().length),
    page: (_, after, limit) => {
      const behind = after
        ? deks.findIndex(({ kind, version }) => kind === after.kind && version === after.version) + 1
        : 0;
      return Promise.resolve(
        deks
          .slice(behind)
          .filter(({ wrappedAt }) => wrappedAt === 0)
          .slice(0, limit),
      );
    },
    replace: (dek, rewrapped) => {
      const row = deks.find(({ wrapped: was }) => was.equals(dek.wrapped));
      if (row) Object.assign(row, { wrapped: rewrapped, wrappedAt: 1 });
      return Promise.resolve();
    },
  };
  return { deks, store };
};

describe('a rotation of the master key', () => {
  it('wraps every DEK and every secret anew under the new material, and tells how far it is', async () => {
    const kms = new KmsInMemory();
    const { deks, store } = await stored(kms, 450);
    const seen: number[] = [];
    const rotation = new MasterKeyRotation({ app: 'key-custodian', environment: 'test', kms, store });
    expect(await rotation.run(({ done }) => seen.push(done))).toEqual({ done: 452, total: 452, refused: 0 });
    expect(new Set(deks.map(({ wrapped }) => kms.wrappedUnder(wrapped)))).toEqual(new Set([2]));
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(452);
  });

  it('that was interrupted goes on where it was, without new material again', async () => {
    const kms = new KmsInMemory();
    const { deks, store } = await stored(kms, 40);
    const rotation = new MasterKeyRotation({ app: 'key-custodian', environment: 'test', kms, store });
    const interrupted = rotation.run(({ done }) => {
      if (done >= 16) kms.trouble = new KeyManagementUnavailable('throttled');
    });
    await expect(interrupted).rejects.toThrow(KeyManagementUnavailable);
    kms.trouble = undefined;
    expect(await rotation.run()).toMatchObject({ done: 26, refused: 0 });
    expect(kms.masterVersion).toBe(2);
    expect(new Set(deks.map(({ wrapped }) => kms.wrappedUnder(wrapped)))).toEqual(new Set([2]));
  });

  it('wraps nothing anew before the KMS has the new material in use', async () => {
    const kms = new KmsInMemory();
    const { deks, store } = await stored(kms, 3);
    let asked = 0;
    kms.rotateMasterKey = () => Promise.resolve(); // AWS says yes, and does it by and by
    kms.masterKeyRotations = () => {
      asked += 1;
      if (asked === 4) kms.masterVersion = 2;
      return Promise.resolve(kms.masterVersion - 1);
    };
    const rotation = new MasterKeyRotation({ app: 'key-custodian', environment: 'test', kms, store, pollMs: 1 });
    expect(await rotation.run()).toMatchObject({ done: 5, refused: 0 });
    expect(new Set(deks.map(({ wrapped }) => kms.wrappedUnder(wrapped)))).toEqual(new Set([2]));
  });

  it('whose new material does not come wraps nothing, says so, and goes on later', async () => {
    const kms = new KmsInMemory();
    const { deks, store } = await stored(kms, 3);
    let sent = 0;
    kms.rotateMasterKey = () => Promise.resolve(void (sent += 1));
    const options = { app: 'key-custodian', environment: 'test', kms, store, pollMs: 1 } as const;
    await expect(new MasterKeyRotation({ ...options, waitMs: 5 }).run()).rejects.toThrow(MasterKeyPending);
    expect(new Set(deks.map(({ wrappedAt }) => wrappedAt))).toEqual(new Set([0]));
    kms.masterVersion = 2;
    expect(await new MasterKeyRotation(options).run()).toMatchObject({ done: 5 });
    expect(sent).toBe(1);
  });

  it('whose answer was lost asks for no more material than it got, however often it is run again', async () => {
    const kms = new KmsInMemory();
    const { store } = await stored(kms, 3);
    const rotate = kms.rotateMasterKey.bind(kms);
    kms.rotateMasterKey = async () => {
      await rotate();
      throw new KeyManagementUnavailable('timeout');
    };
    const rotation = new MasterKeyRotation({ app: 'key-custodian', environment: 'test', kms, store, pollMs: 1 });
    await expect(rotation.run()).rejects.toThrow(KeyManagementUnavailable);
    expect(await rotation.run()).toMatchObject({ done: 5, refused: 0 });
    expect(kms.masterVersion).toBe(2);
  });

  it('that never got to the KMS is sent again, once that is sure', async () => {
    const kms = new KmsInMemory();
    const { store } = await stored(kms, 3);
    const rotate = kms.rotateMasterKey.bind(kms);
    const options = { app: 'key-custodian', environment: 'test', kms, store, pollMs: 1, unansweredMs: 5 } as const;
    for (const trouble of ['unreachable', 'denied'] as const) {
      kms.rotateMasterKey = () => Promise.reject(new KeyManagementUnavailable(trouble));
      await expect(new MasterKeyRotation(options).run()).rejects.toMatchObject({ trouble });
    }
    kms.rotateMasterKey = rotate;
    expect(await new MasterKeyRotation(options).run()).toMatchObject({ done: 5 });
    expect(kms.masterVersion).toBe(2);
  });

  it('leaves what the KMS refuses as it is, and wraps the others', async () => {
    const kms = new KmsInMemory();
    const { deks, store } = await stored(kms, 10);
    const [, , moved] = deks;
    if (moved) moved.of = randomUUID(); // its context is another's now
    const rotation = new MasterKeyRotation({ app: 'key-custodian', environment: 'test', kms, store });
    expect(await rotation.run()).toEqual({ done: 12, total: 12, refused: 1 });
    expect(deks.filter(({ wrapped }) => kms.wrappedUnder(wrapped) === 1)).toEqual([moved]);
  });
});

const inbox = (version: number) => ({ processor: 'stripe', purpose: 'inbox', version }) as const;

describe('a newer version', () => {
  const [tenantId, other] = [randomUUID(), new KmsInMemory()];
  const context = { tenantId, purpose: 'token', environment: 'test' } as const;
  const keyringOf = async (kms: KmsInMemory) => {
    const wrapped = await kms.generateDataKeyWithoutPlaintext(context);
    const added: number[] = [];
    const keyring: TenantKeyring = {
      newest: () => Promise.resolve([{ purpose: 'token', version: 1, wrapped }]),
      add: ({ version }) => Promise.resolve(added.push(version) > 0),
    };
    return { added, keyring };
  };

  it('is added where the newest opens', async () => {
    const kms = new KmsInMemory();
    const { added, keyring } = await keyringOf(kms);
    const rotation = new TenantKeyRotation({ app: 'operator', environment: 'test', kms, keyring });
    expect(await rotation.rotate({ tenantId, purpose: 'token', version: 1 })).toBe(true);
    expect(added).toEqual([2]);
    expect(kms.asked).not.toContain('decrypt'); // who rotates may open nothing
  });

  it.each([
    ['another KMS', 'test', other],
    ['another environment', 'development', undefined],
  ] as const)('is not added under %s, nor a first one beside it', async (_, environment, given) => {
    const own = new KmsInMemory();
    const { added, keyring } = await keyringOf(own);
    const rotation = new TenantKeyRotation({ app: 'operator', environment, kms: given ?? own, keyring });
    await expect(rotation.rotate({ tenantId, purpose: 'token', version: 1 })).rejects.toThrow(NewestRefused);
    await expect(rotation.create(tenantId)).rejects.toThrow(NewestRefused);
    expect(added).toEqual([]);
  });

  it('of the platform is not added under another KMS', async () => {
    const rows = new RowsInMemory();
    const store = {
      read: () => rows.read('inbox'),
      insert: (_: string, __: string, version: number, wrapped: Buffer) => rows.insert('inbox', version, wrapped),
    };
    const after = (version: number, kms: KmsInMemory) =>
      new PlatformKeyRotation({ app: 'operator', environment: 'test', kms, store }).rotate(inbox(version));
    const kms = new KmsInMemory();
    expect([await after(0, kms), await after(1, kms)]).toEqual([true, true]);
    await expect(after(2, other)).rejects.toThrow(NewestRefused);
    expect(await rows.read('inbox')).toHaveLength(2);
  });

  it('of the platform follows the version that was found due, and is one however many find it so', async () => {
    const rows = new RowsInMemory();
    const store = {
      read: () => rows.read('inbox'),
      insert: (_: string, __: string, version: number, wrapped: Buffer) => rows.insert('inbox', version, wrapped),
    };
    const rotation = new PlatformKeyRotation({
      ...{ app: 'webhook-ingest', environment: 'test', store },
      kms: new KmsInMemory(),
    });
    expect(await rotation.rotate(inbox(0))).toBe(true);
    const made = await Promise.all([1, 1, 1].map((version) => rotation.rotate(inbox(version))));
    expect(made.filter(Boolean)).toHaveLength(1);
    for (const version of [0, 1, 9]) expect(await rotation.rotate(inbox(version))).toBe(false);
    expect(await rows.read('inbox')).toHaveLength(2);
  });
});

describe('who may make and wrap keys', () => {
  const tenantId = randomUUID();
  const keyring: TenantKeyring = { newest: () => Promise.resolve([]), add: () => Promise.resolve(true) };
  const rows = new RowsInMemory();
  const platformStore = {
    read: (processor: string, purpose: string) => rows.read(`${processor}/${purpose}`),
    insert: (processor: string, purpose: string, version: number, wrapped: Buffer) =>
      rows.insert(`${processor}/${purpose}`, version, wrapped),
  };
  const acts = {
    create: ['tenant-key:rotate'],
    rotate: ['tenant-key:rotate'],
    rotatePlatform: ['platform-key:rotate'],
    rotateMaster: ['master-key:rotate'],
  } as const;
  const attempt = async (act: keyof typeof acts, app: KeyUser, kms: KmsInMemory): Promise<unknown> => {
    const options = { app, environment: 'test', kms } as const;
    const tenants = new TenantKeyRotation({ ...options, keyring });
    if (act === 'create') return tenants.create(tenantId);
    if (act === 'rotate') return tenants.rotate({ tenantId, purpose: 'token', version: 1 });
    if (act === 'rotatePlatform') return new PlatformKeyRotation({ ...options, store: platformStore }).rotate(inbox(0));
    const { store } = await stored(new KmsInMemory(), 0);
    return new MasterKeyRotation({ ...options, store }).run();
  };
  const cases = (Object.keys(whoMayDecrypt) as KeyUser[]).flatMap((app) =>
    (Object.keys(acts) as (keyof typeof acts)[]).map((act) => [app, act] as const),
  );

  it.each(cases)('%s, %s: as the table says', async (app, act) => {
    const kms = new KmsInMemory();
    const outcome = await attempt(act, app, kms).catch((error: unknown) => error);
    const denied = outcome instanceof KeyUseDenied;
    expect(denied).toBe(!acts[act].every((capability) => whoMayDecrypt[app].includes(capability)));
    if (denied) expect(kms.asked).toEqual([]);
    // Whoever makes a key is not shown it.
    else expect(kms.asked).not.toContain('generate');
  });
});
