import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { SealBroken } from './errors.js';
import { Keys } from './keys.js';
import type { PersonalPlace, TokenPlace } from './keys.js';
import { LocalKeyManagement } from './local/index.js';
import { newKeyring, writeKeyring } from './local/keyring.js';
import { PlatformKeys } from './platform-keys.js';
import type { InboxPlace, PlatformKeyStore } from './platform-keys.js';
import { PlatformKeyRotation, TenantKeyRotation, rotatingPurposes, tenantPurposes } from './rotation/index.js';
import type { TenantKeyring } from './rotation/index.js';
import { sealText } from './sealed-text.js';
import type { Subject } from './subject-keys.js';
import { TenantKeys } from './tenant-keys.js';
import type { TenantKeyStore } from './tenant-keys.js';
import { KmsInMemory } from './testing/kms-in-memory.js';
import { RowsInMemory } from './testing/rows-in-memory.js';
import type { KeyPurpose, KeyUser } from './who-may-decrypt.js';

const tenants = [randomUUID(), randomUUID(), randomUUID()] as const;
const people = [randomUUID(), randomUUID()] as const;
const purposes = ['contact', 'tax', 'dispute'] as const;

/** Tenants whose keys have three versions each, and apps that share them. */
const world = async () => {
  const kms = new KmsInMemory();
  const [tenantRows, subjectRows] = [new RowsInMemory(), new RowsInMemory()];
  const idOf = (tenantId: string, purpose: KeyPurpose) => `${tenantId}/${purpose}`;
  const ofSubject = (subject: Subject) => `${subject.tenantId}/${subject.subjectId}/${subject.purpose}`;
  const keyring: TenantKeyring = {
    newest: async (tenantId) => {
      const newest = await Promise.all(
        tenantPurposes.map(async (purpose) =>
          (await tenantRows.read(idOf(tenantId, purpose))).slice(-1).map((key) => ({ purpose, ...key })),
        ),
      );
      return newest.flat();
    },
    add: async ({ tenantId, purpose, version }, wrapped) => {
      await tenantRows.insert(idOf(tenantId, purpose), version, wrapped);
      return true;
    },
  };
  const tenantKeys: TenantKeyStore = {
    read: (tenantId, purpose) => tenantRows.read(idOf(tenantId, purpose)),
    insert: (tenantId, purpose, version, wrapped) => tenantRows.insert(idOf(tenantId, purpose), version, wrapped),
  };
  const opened = new Map<KeyUser, Keys>();
  const keysOf = (app: KeyUser): Keys => {
    const keys = opened.get(app) ?? open(app);
    opened.set(app, keys);
    return keys;
  };
  const open = (app: KeyUser) =>
    new Keys({
      ...{ app, environment: 'test', kms },
      tenantKeys,
      subjectKeys: {
        read: (subject) => subjectRows.read(ofSubject(subject)),
        insert: (subject, version, wrapped) => subjectRows.insert(ofSubject(subject), version, wrapped),
      },
    });
  const rotation = new TenantKeyRotation({ app: 'gateway', environment: 'test', kms, keyring });
  for (const tenantId of tenants) await rotation.create(tenantId);
  /** Everybody has a key of each version up to `newest`, each wrapped under the tenant's. */
  const giveVersions = async (newest: number) => {
    const ofTenants = new TenantKeys({ kms, environment: 'test', store: tenantKeys });
    for (const tenantId of tenants)
      for (const subjectId of people)
        for (const purpose of purposes)
          for (let version = 1; version <= newest; version += 1) {
            const place = ['subject_key', tenantId, subjectId, purpose, String(version)];
            const wrapped = await ofTenants.use(tenantId, 'personal', 'latest', (dek) =>
              sealText(dek, place, randomBytes(32)),
            );
            await subjectRows.insert(ofSubject({ tenantId, subjectId, purpose }), version, Buffer.from(wrapped));
          }
  };
  return { kms, keysOf, rotation, subjectRows, giveVersions };
};

const anyTenant = fc.constantFrom(...tenants);
const anyWord = fc.string({ minLength: 1, maxLength: 12 });
const anyText = fc.string({ unit: 'grapheme', maxLength: 120 });
const anyCell: fc.Arbitrary<TokenPlace> = fc.record({
  tenantId: anyTenant,
  table: anyWord,
  column: anyWord,
  row: anyWord,
});
const anyPerson: fc.Arbitrary<PersonalPlace> = fc.record({
  ...{ tenantId: anyTenant, subjectId: fc.constantFrom(...people), record: anyWord },
  purpose: fc.constantFrom(...purposes),
});

/** Two places that differ in one field alone. */
const inOneField = <P extends object>(any: fc.Arbitrary<P>): fc.Arbitrary<readonly [P, P]> =>
  any.chain((place) =>
    fc
      .tuple(fc.constantFrom(...(Object.keys(place) as (keyof P)[])), any)
      .filter(([field, other]) => other[field] !== place[field])
      .map(([field, other]) => [place, { ...place, [field]: other[field] }] as const),
  );

type Kind = {
  name: string;
  /** Seals for the first place, opens at the second what `change` makes of it. */
  moved: (keys: (app: KeyUser) => Keys, text: string, change: (sealed: string) => string) => Promise<unknown>;
};

const recordOf = ({ table, column, row }: TokenPlace): string => JSON.stringify([table, column, row]);

const kindsAt = (
  [from, to]: readonly [TokenPlace, TokenPlace],
  [of, at]: readonly [PersonalPlace, PersonalPlace],
): Kind[] => [
  {
    name: 'token',
    moved: async (keys, text, change) => keys('gateway').openToken(to, change(await keys('api').sealToken(from, text))),
  },
  {
    name: 'client secret',
    moved: async (keys, text, change) =>
      keys('api').openClientSecret(to, change(await keys('gateway').sealClientSecret(from, text))),
  },
  {
    name: 'dead letter',
    moved: async (keys, text, change) => {
      const sealed = await keys('command-worker').sealDeadLetter(from.tenantId, recordOf(from), Buffer.from(text));
      return (await keys('operator').openDeadLetter(to.tenantId, recordOf(to), change(sealed))).toString();
    },
  },
  {
    name: 'personal data',
    moved: async (keys, text, change) => {
      const sealed = await keys('api').sealPersonal(of, text);
      await keys('api').sealPersonal(at, 'has a key too');
      return keys('gateway').openPersonal(at, change(sealed));
    },
  },
];

const same = (sealed: string): string => sealed;

/** With one bit changed behind its format and version. */
const changedAt = (sealed: string, bit: number): string => {
  const [format, version, encoded] = sealed.split('.');
  const body = Buffer.from(String(encoded), 'base64url');
  const at = bit % (body.length * 8);
  body.writeUInt8(body.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
  return `${format}.${version}.${body.toString('base64url')}`;
};

describe('whatever is sealed', () => {
  it('opens where it was sealed, to what it was', async () => {
    const { keysOf } = await world();
    await fc.assert(
      fc.asyncProperty(anyCell, anyPerson, anyText, async (cell, person, text) => {
        for (const { name, moved } of kindsAt([cell, cell], [person, person]))
          expect(await moved(keysOf, text, same)).toEqual(
            name === 'personal data' ? { erased: false, plaintext: text } : text,
          );
      }),
      { numRuns: 50 },
    );
  });

  it('does not open with any one field of its place swapped', async () => {
    const { keysOf } = await world();
    await fc.assert(
      fc.asyncProperty(inOneField(anyCell), inOneField(anyPerson), anyText, async (cells, persons, text) => {
        for (const { moved } of kindsAt(cells, persons))
          await expect(moved(keysOf, text, same)).rejects.toThrow(SealBroken);
      }),
      { numRuns: 50 },
    );
  });

  it('does not open with any one bit changed', async () => {
    const { keysOf } = await world();
    await fc.assert(
      fc.asyncProperty(anyCell, anyPerson, anyText, fc.nat(), async (cell, person, text, bit) => {
        const changed = (sealed: string): string => changedAt(sealed, bit);
        for (const { moved } of kindsAt([cell, cell], [person, person]))
          await expect(moved(keysOf, text, changed)).rejects.toThrow(SealBroken);
      }),
      { numRuns: 50 },
    );
  });

  it('does not open as of another version, though that is there', async () => {
    const { keysOf, rotation, giveVersions } = await world();
    for (const tenantId of tenants)
      for (const purpose of rotatingPurposes)
        for (const version of [1, 2]) await rotation.rotate({ tenantId, purpose, version });
    await giveVersions(3);
    await fc.assert(
      fc.asyncProperty(anyCell, anyPerson, anyText, fc.constantFrom(1, 2), async (cell, person, text, version) => {
        for (const { name, moved } of kindsAt([cell, cell], [person, person])) {
          const changed = (sealed: string): string => {
            const other = sealed.replace(/^v1\.3\./, `v1.${version}.`);
            expect([name, other]).not.toEqual([name, sealed]);
            return other;
          };
          await expect(moved(keysOf, text, changed)).rejects.toThrow(SealBroken);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('opens after any number of rotations, and after it was sealed anew', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyCell,
        anyPerson,
        anyText,
        fc.integer({ min: 1, max: 4 }),
        async (cell, person, text, turns) => {
          const { keysOf, rotation, subjectRows } = await world();
          const gateway = () => keysOf('gateway');
          let token = await gateway().sealToken(cell, text);
          const personal = await gateway().sealPersonal(person, text);
          const subject = `${person.tenantId}/${person.subjectId}/${person.purpose}`;
          for (let version = 1; version <= turns; version += 1) {
            await rotation.rotate({ tenantId: cell.tenantId, purpose: 'token', version });
            await rotation.rotate({ tenantId: person.tenantId, purpose: 'personal', version });
            gateway().clear();
            expect(await gateway().openToken(cell, token)).toBe(text);
            token = await gateway().resealToken(cell, token);
            expect(token.startsWith(`v1.${version + 1}.`)).toBe(true);
            const [key] = await subjectRows.read(subject);
            const wrapped = await gateway().rewrapSubjectKey(person, key ?? { version: 0, wrapped: Buffer.alloc(0) });
            expect(wrapped.toString().startsWith(`v1.${version + 1}.`)).toBe(true);
            subjectRows.rows.set(subject, [{ version: 1, wrapped }]);
          }
          expect(await gateway().openToken(cell, token)).toBe(text);
          expect(await gateway().openPersonal(person, personal)).toEqual({ erased: false, plaintext: text });
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('a delivery in the inbox', () => {
  const inbox = async () => {
    const kms = new KmsInMemory();
    const rows = new RowsInMemory();
    const store: PlatformKeyStore = {
      read: (processor, purpose) => rows.read(`${processor}/${purpose}`),
      insert: (processor, purpose, version, wrapped) => rows.insert(`${processor}/${purpose}`, version, wrapped),
    };
    const options = { environment: 'test', kms, store } as const;
    const rotation = new PlatformKeyRotation({ app: 'operator', ...options });
    for (const processor of ['stripe', 'adyen'])
      for (const version of [0, 1, 2])
        expect(await rotation.rotate({ processor, purpose: 'inbox', version })).toBe(true);
    const [gateway, ingest] = [
      new PlatformKeys({ app: 'gateway', ...options }),
      new PlatformKeys({ app: 'webhook-ingest', ...options }),
    ];
    const seal = (place: InboxPlace, text: string) =>
      gateway.sealInbox(place, { body: Buffer.from(text), signature: text });
    return { seal, open: (place: InboxPlace, sealed: string) => ingest.openInbox(place, sealed) };
  };
  const anyEvent: fc.Arbitrary<InboxPlace> = fc.record({
    processor: fc.constantFrom('stripe', 'adyen'),
    eventId: anyWord,
  });

  it('opens as its own event, and with no field swapped, no bit changed and as of no other version', async () => {
    const { seal, open } = await inbox();
    await fc.assert(
      fc.asyncProperty(inOneField(anyEvent), anyText, fc.nat(), async ([place, other], text, bit) => {
        const sealed = await seal(place, text);
        expect(await open(place, sealed)).toEqual({ body: Buffer.from(text), signature: text });
        await expect(open(other, sealed)).rejects.toThrow(SealBroken);
        await expect(open(place, changedAt(sealed, bit))).rejects.toThrow(SealBroken);
        for (const version of [1, 2])
          await expect(open(place, sealed.replace(/^v1\.3\./, `v1.${version}.`))).rejects.toThrow(SealBroken);
      }),
      { numRuns: 50 },
    );
  });

  it('never has a salt or a nonce that another one has', async () => {
    const { seal } = await inbox();
    const texts = await Promise.all(
      Array.from({ length: 2_000 }, () => seal({ processor: 'stripe', eventId: 'evt_1' }, 'same')),
    );
    const bodies = texts.map((text) => Buffer.from(String(text.split('.')[2]), 'base64url'));
    for (const [from, to] of [
      [0, 16],
      [16, 28],
    ])
      expect(new Set(bodies.map((body) => body.toString('hex', from, to))).size).toBe(texts.length);
  });
});

describe('the boxes of the local key management', () => {
  const nonces = 2_000;

  it('never have a nonce twice: neither those of keys that it wraps, nor those of the keyring, written over and over', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'keyring-'));
    try {
      const kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' });
      const context = { tenantId: tenants[0], purpose: 'token', environment: 'test' } as const;
      const wrapped = await Promise.all(
        Array.from({ length: nonces }, () => kms.encrypt(Buffer.from('same'), context)),
      );
      // Behind format and version of the wrapping key.
      expect(new Set(wrapped.map((bytes) => bytes.toString('hex', 5, 17))).size).toBe(nonces);
    } finally {
      await rm(directory, { recursive: true });
    }
    const [ring, masterKey] = [newKeyring(), randomBytes(32)];
    const texts = Array.from({ length: nonces / 10 }, () => writeKeyring(ring, masterKey));
    const boxes = texts.flatMap((text) => {
      const file = JSON.parse(text) as { wrappingKeys: Record<string, string>; macRoot: string; signingRoot: string };
      return [...Object.values(file.wrappingKeys), file.macRoot, file.signingRoot];
    });
    expect(boxes).toHaveLength((nonces / 10) * 3);
    expect(new Set(boxes.map((box) => Buffer.from(box, 'base64').toString('hex', 0, 12))).size).toBe(boxes.length);
  });
});
