import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { SignedCheckpoint, TreeHead, VerifierKey } from '#audit';
import {
  SignatureRefused,
  TiledLog,
  followKeyHistory,
  formatCheckpoint,
  formatEntry,
  formatVerifierKey,
  entryOf,
  identityOf,
  keyReceiptPath,
  openCheckpoint,
  parseVerifierKey,
  signNote,
  verifyKeyHistory,
} from '#audit';
import { LeafRuns, openingOf, readAudited } from '#audit-log';
import { AuditKeyRegister, identityByHistory, keysThatSign, readKeyHistory, verifierKeyOf } from '#audit-log/keys';
import { platformTenantId } from '#access/tenancy';
import {
  KeyManagementUnavailable,
  Keys,
  LocalKeyManagement,
  PostgresSubjectKeyStore,
  PostgresTenantKeyStore,
} from '#keys';
import type { ObjectStore } from '#object-store';
import { openObjectStore } from '#object-store';
import type { Pool } from 'pg';

import type { TestDatabase } from '../database/index.js';
import { createTestDatabase } from '../database/index.js';
import { allShards } from '#event-store';
import { openOperator } from '../../apps/cli/operator/index.js';
import { billingProgram } from '../../apps/cli/program.js';
import type { Ran } from '../../apps/cli/testing/run-command.js';
import { runCommand } from '../../apps/cli/testing/run-command.js';
import type { KeyReceipts, LogSigners } from '../../apps/merkle-anchor/ports.js';
import {
  NoSigningKey,
  SigningKeyDiffers,
  kmsSigner,
  openKeyReceipts,
  openSigners,
} from '../../apps/merkle-anchor/signers/index.js';

const origin = 'localhost/billing-audit';

let database: TestDatabase;
let folder: string;
let kms: LocalKeyManagement;
let pool: Pool;
let store: ObjectStore;
let signers: LogSigners;
let receipts: KeyReceipts;
let keys: Keys;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'billing-log-keys-'));
  kms = await LocalKeyManagement.open({ path: join(folder, 'keyring.json'), environment: 'test' });
  pool = database.pool('billing_merkle_anchor');
  store = openObjectStore(join(folder, 'audit', 'log'));
  keys = anchorsKeys(kms);
  signers = openSigners({ pool, origin, store, kms });
  receipts = openKeyReceipts({ pool, origin, store, keys });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const anchorsKeys = (held: LocalKeyManagement): Keys =>
  new Keys({
    ...{ app: 'merkle-anchor', environment: 'test', kms: held },
    tenantKeys: new PostgresTenantKeyStore(pool),
    subjectKeys: new PostgresSubjectKeyStore(pool),
  });

const billing = (...args: string[]): Promise<Ran> =>
  runCommand(billingProgram({ BILLING_ENV: 'test', DATABASE_URL: database.adminUrl, BILLING_DATA_DIR: folder }), [
    'audit',
    'keys',
    ...args,
  ]);
const listed = async (): Promise<{ keyName: string; status: string; receipt: boolean; vkey: string }[]> => {
  const { out } = await billing('list', '--json');
  return (JSON.parse(out) as { keys: { keyName: string; status: string; receipt: boolean; vkey: string }[] }).keys;
};
const standing = async () => (await listed()).map(({ keyName, status, receipt }) => [keyName, status, receipt]);

const log = new TiledLog();
const sealedTo = new Map(allShards.map((shard) => [shard, 0]));

/** Seals what there is, and gives the head: what the anchor does, without its lease and its recovery. */
const seal = async (): Promise<TreeHead> => {
  const events = await readAudited(pool, sealedTo, 1_000);
  for (const event of events) {
    const { size: index } = log.head();
    const salts = await keys.auditSalts(event.tenantId);
    for (const { path, bytes } of log.append([formatEntry(entryOf(openingOf(event, salts(event.eventId))))]))
      await store.create(path, bytes);
    await new LeafRuns(pool).insert([{ index, shard: event.shard, position: event.position, count: 1 }]);
    sealedTo.set(event.shard, event.position);
  }
  return log.head();
};

/** Publishes a checkpoint of everything; gives its note. */
const publish = async (withReceipts = true): Promise<string> => {
  const head = await seal();
  const note = await signNote(formatCheckpoint({ origin, ...head, extensions: [] }), await signers.current());
  if (withReceipts) await receipts.published(head, note);
  return note;
};
const publishedReceipts = async (): Promise<Uint8Array[]> => {
  const found: Uint8Array[] = [];
  for (let n = 1; ; n += 1) {
    const receipt = await store.read(keyReceiptPath(n));
    if (!receipt) return found;
    found.push(receipt);
  }
};
const named = (checkpoint: SignedCheckpoint) => checkpoint.signatures.map(({ key }) => formatVerifierKey(key));

it('without a key nothing is signed, and one line says which command to run', async () => {
  await expect(signers.current()).rejects.toThrow(NoSigningKey);
  await expect(signers.current()).rejects.toThrow('billing audit keys rotate');
  expect((await billing('list')).out).toContain('no key signs the log yet');
  await receipts.published({ size: 0, root: log.head().root }, '');
});

describe('the keys of the log', () => {
  /** What an outsider pinned on the first day, and has kept since. */
  let pinned: VerifierKey;
  const kept: string[] = [];

  it('begin with one that is introduced, and signs', async () => {
    const ran = await billing('rotate', '--reason', 'OPS-1');
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('audit-1 signs the audit log from the next')]);
    const [key] = await listed();
    pinned = parseVerifierKey(key?.vkey ?? '');
    expect(ran.out).toContain(formatVerifierKey(pinned));
    kept.push(await publish());
    expect(named(openCheckpoint(kept[0] ?? '', { origin, keys: [pinned] }))).toEqual([formatVerifierKey(pinned)]);
    expect(await standing()).toEqual([['audit-1', 'signs', true]]);
    expect(followKeyHistory([pinned], await publishedReceipts())).toHaveLength(1);
  });

  it('introduced again change nothing', async () => {
    const again = await billing('introduce', 'audit-1', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ changed: false, key: { keyName: 'audit-1' } });
  });

  it('are never without one: the last is not retired, nor an unknown one', async () => {
    for (const [name, words] of [
      ['audit-1', 'only key that signs'],
      ['audit-9', 'no key audit-9'],
    ] as const)
      expect(await billing('retire', name)).toMatchObject({ code: 64, err: expect.stringContaining(words) as string });
  });

  it('overlap: the next signs beside the one before, and whoever pinned the first goes on as before', async () => {
    const ran = await billing('rotate', '--reason', 'OPS-2');
    expect(ran.out).toMatch(/audit-2 signs the audit log beside audit-1[^]*retire audit-1/);
    expect(await standing()).toEqual([
      ['audit-2', 'signs', false],
      ['audit-1', 'signs', true],
    ]);
    const early = await billing('retire', 'audit-1');
    expect([early.code, early.err]).toEqual([64, expect.stringContaining('until a receipt of audit-2 is published')]);
    const twice = await billing('rotate');
    expect([twice.code, twice.err]).toEqual([64, expect.stringContaining('a rotation is under way')]);

    kept.push(await publish(false)); // and dies before it has written the receipt
    expect(await publishedReceipts()).toHaveLength(1);
    kept.push(await publish());
    for (const note of kept) expect(openCheckpoint(note, { origin, keys: [pinned] }).origin).toBe(origin);
    const both = await signers.current();
    expect(both.map(({ key }) => formatVerifierKey(key))).toEqual((await listed()).map(({ vkey }) => vkey));
    expect(named(openCheckpoint(kept[2] ?? '', { origin, keys: both.map(({ key }) => key) }))).toHaveLength(2);
    expect(await standing()).toEqual([
      ['audit-2', 'signs', true],
      ['audit-1', 'signs', true],
    ]);
  });

  it('are followed from the first to the newest, and old checkpoints verify when the first is retired', async () => {
    const ran = await billing('retire', 'audit-1', '--reason', 'OPS-3');
    expect([ran.code, ran.out]).toEqual([0, expect.stringContaining('audit-1 signs no checkpoint from the next one')]);
    const first = [await localSignerOf('audit-1')];
    const late = await publish();
    kept.push(late);
    expect(() => openCheckpoint(late, { origin, keys: [pinned] })).toThrow(SignatureRefused);

    const identity = identityOf(followKeyHistory([pinned], await publishedReceipts()));
    expect(identity.keys.map(formatVerifierKey)).toEqual((await listed()).map(({ vkey }) => vkey));
    for (const note of kept) expect(openCheckpoint(note, identity).origin).toBe(origin);
    // A thief of the retired key signs the same tree.
    const forged = await signNote(formatCheckpoint({ origin, ...log.head(), extensions: [] }), first);
    expect(() => openCheckpoint(forged, identity)).toThrow('retired');
    expect((await billing('introduce', 'audit-1')).err).toContain('was retired and never signs again');
    // So does Postgres tell, for whom the topic of checkpoints is read and receipts are made.
    const known = await identityByHistory(pool, origin);
    for (const note of kept) expect(openCheckpoint(note, known).origin).toBe(origin);
    expect(() => openCheckpoint(forged, known)).toThrow('retired');
    const now = keysThatSign(await readKeyHistory(database.pool('billing_api', { max: 1 }), origin));
    expect(now.map(formatVerifierKey)).toEqual([(await listed())[0]?.vkey]);
    expect((await identityByHistory(pool, 'example.com/other')).keys).toEqual([]);
  });

  const localSignerOf = (name: string) => kmsSigner(kms, name, origin);

  it('whose receipt is lost, and that nobody who signs now can vouch for, are told of by its file', async () => {
    const path = join(folder, 'audit', 'log', keyReceiptPath(1));
    const receipt = await readFile(path);
    await rm(path);
    const restarted = openKeyReceipts({ pool, origin, store, keys });
    const refused = restarted.published(log.head(), kept.at(-1) ?? '');
    await expect(refused).rejects.toMatchObject({ code: 'audit_file_missing', path: 'keys/001' });
    await expect(refused).rejects.toThrow('restore it from a copy');
    await store.create(keyReceiptPath(1), receipt);
  });

  it('are not believed without an overlap: who introduces a key of theirs in a log of theirs has no receipt for it', async () => {
    const [one = new Uint8Array(), ...others] = await publishedReceipts();
    const thief = await localSignerOf('thief');
    // The honest receipt of audit-2, with the checkpoint signed by the thief alone.
    const text = Buffer.from(others[0] ?? []).toString();
    const at = text.indexOf('\n\n') + 2;
    const note = text.slice(at, text.indexOf('\n\n', at) + 1);
    const forged = text.slice(0, at) + (await signNote(note, [thief]));
    expect(() => verifyKeyHistory([pinned], [one, Buffer.from(forged)])).toThrow('no key that is trusted');
  });

  it('of P-256 sign as well', async () => {
    const ran = await billing('rotate', '--key', 'audit-3-p256', '--json');
    expect(JSON.parse(ran.out)).toMatchObject({ changed: true, key: { algorithm: 'ecdsa-p256' } });
    const note = await publish();
    const followed = verifyKeyHistory([pinned], await publishedReceipts());
    expect(followed.map(({ type }) => type)).toEqual(['ecdsa-p256', 'ed25519', 'ed25519']);
    expect(openCheckpoint(note, { origin, keys: followed }).signatures).toHaveLength(2);
  });

  it('keep their receipts as they are, whoever is told of a checkpoint again', async () => {
    const before = await publishedReceipts();
    const anew = openKeyReceipts({ pool, origin, store, keys });
    await anew.published(log.head(), await publish(false));
    expect(await publishedReceipts()).toEqual(before);
    expect(await readFile(join(folder, 'audit', 'log', 'keys', '001'))).toEqual(Buffer.from(before[0] ?? []));
  });

  it('that are another at the key management than was introduced sign nothing', async () => {
    const path = join(await mkdtemp(join(folder, 'other-')), 'keyring.json');
    const other = await LocalKeyManagement.open({ path, environment: 'test' });
    const confused = openSigners({ pool, origin, store, kms: other });
    await expect(confused.current()).rejects.toThrow(SigningKeyDiffers);
    await expect(confused.current()).rejects.toThrow(/audit-3-p256 is not the one that was introduced/);
  });

  it('are of one log alone: a log of another name has none of them', async () => {
    await expect(openSigners({ pool, origin: 'example.com/other', store, kms }).current()).rejects.toThrow(
      NoSigningKey,
    );
  });
});

it('over a key that the key management does not have nothing is signed, also once that is retired again', async () => {
  const name = 'example.com/ghost';
  const operator = openOperator({ DATABASE_URL: database.adminUrl }, 'billing_operator');
  const register = new AuditKeyRegister({ pool: operator, origin: name });
  const others = await LocalKeyManagement.open({ path: join(folder, 'thief.json'), environment: 'test' });
  const [ours, ghost] = [await verifierKeyOf(kms, 'audit-1', name), await verifierKeyOf(others, 'ghost', name)];
  const now = new Date().toISOString();
  const signing = openSigners({ pool, origin: name, store: openObjectStore(join(folder, 'ghost')), kms });
  await register.introduce(ours, 'audit-1', now);
  expect(await signing.current()).toHaveLength(1);
  await register.introduce(ghost, 'ghost', now);
  await expect(signing.current()).rejects.toThrow(SigningKeyDiffers);
  await register.retire(formatVerifierKey(ghost), [], now);
  await expect(signing.current()).rejects.toThrow(/ghost is not the one that was introduced/);
  await operator.end();
});

describe('the salts of a tenant', () => {
  const salt = async (app: 'api' | 'merkle-anchor' | 'operator', tenantId: string): Promise<string> => {
    const role = database.pool(`billing_${app.replace('-', '_')}`);
    const held = new Keys({
      ...{ app, environment: 'test', kms },
      tenantKeys: new PostgresTenantKeyStore(role),
      subjectKeys: new PostgresSubjectKeyStore(role),
    });
    return (await held.auditSalts(tenantId))(tenantId).toString('hex');
  };

  it('are made by whoever comes first, for tenants that exist already, and are one key for all', async () => {
    const tenants = [await database.addTenant(), await database.addTenant(), platformTenantId];
    for (const tenantId of tenants) {
      const given = await Promise.all([salt('api', tenantId), salt('merkle-anchor', tenantId)]);
      expect(new Set(given).size).toBe(1);
    }
    const { rows } = await database.admin.query<{ count: number }>(
      `select count(*)::integer as count from billing.tenant_key where purpose = 'audit' and tenant_id = any ($1)`,
      [tenants],
    );
    expect(rows).toEqual([{ count: 3 }]);
  });

  it('wait for a key management that is away, and leave no half of a key behind', async () => {
    const tenantId = await database.addTenant();
    const away = Object.assign(Object.create(kms) as LocalKeyManagement, {
      generateDataKeyWithoutPlaintext: () => Promise.reject(new KeyManagementUnavailable('timeout')),
    });
    await expect(anchorsKeys(away).auditSalts(tenantId)).rejects.toThrow(KeyManagementUnavailable);
    const { rowCount } = await database.admin.query('select from billing.tenant_key where tenant_id = $1', [tenantId]);
    expect(rowCount).toBe(0);
  });

  it('are under a key that nobody replaces, and of which the anchor sees no other', async () => {
    const { admin } = database;
    const add = (purpose: string, version: number) =>
      `insert into billing.tenant_key (tenant_id, purpose, version, wrapped) values ('${platformTenantId}', '${purpose}', ${version}, 'x')`;
    await expect(admin.query(add('audit', 2))).rejects.toThrow('tenant_key_audit_lasts');
    const tenantId = await database.addTenant();
    await admin.query(add('token', 1).replace(platformTenantId, tenantId));
    expect(await new PostgresTenantKeyStore(pool).read(tenantId, 'token')).toEqual([]);
    await expect(new PostgresTenantKeyStore(pool).insert(tenantId, 'index', 1, Buffer.from('x'))).rejects.toThrow(
      'row-level security',
    );
  });
});
