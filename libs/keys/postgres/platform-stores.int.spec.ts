import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import {
  LocalKeyManagement,
  PlatformKeys,
  PostgresPlatformKeyStore,
  PostgresProcessorSecrets,
  SecretRefused,
} from '../index.js';
import type { KeyUser, SecretName } from '../index.js';

let database: TestDatabase;
let directory: string;
let keysOf: (app: KeyUser, role: string) => PlatformKeys;
let owner: PostgresProcessorSecrets;
let ingest: PostgresProcessorSecrets;

beforeAll(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(join(tmpdir(), 'keyring-'));
  const kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' });
  keysOf = (app, role) =>
    new PlatformKeys({ app, environment: 'test', kms, store: new PostgresPlatformKeyStore(database.pool(role)) });
  owner = new PostgresProcessorSecrets(database.admin);
  ingest = new PostgresProcessorSecrets(database.pool('billing_webhook_ingest'));
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21) + seconds * 1_000);
const nameOf = (account: string): SecretName => ({
  processor: 'stripe',
  account,
  environment: 'test',
  kind: 'webhook',
});
const versionsOf = async (account: string, now: Date) =>
  (await ingest.valid(nameOf(account), now)).filter((each) => each.account === account).map(({ version }) => version);
const set = (account: string, now: Date, overlapSeconds = 60) =>
  owner.rotate(nameOf(account), (version) => Promise.resolve(`sealed ${version}`), {
    now,
    overlapUntil: new Date(now.getTime() + overlapSeconds * 1_000),
  });

describe('platform keys in Postgres', () => {
  it('seal in the gateway what opens in the ingest, of which only a wrapped key is stored', async () => {
    const place = { processor: 'stripe', eventId: 'evt_1' };
    const letter = { body: Buffer.from('{}'), signature: undefined };
    const sealed = await keysOf('gateway', 'billing_gateway').sealInbox(place, letter);
    expect(await keysOf('webhook-ingest', 'billing_webhook_ingest').openInbox(place, sealed)).toEqual(letter);
    const { rows } = await database.admin.query('select purpose, length(wrapped) from billing.platform_key');
    expect(rows).toEqual([{ purpose: 'inbox', length: 65 }]);
  });

  it('of webhook secrets are hidden from the gateway, and all from the api', async () => {
    await database.admin.query(
      `insert into billing.platform_key (processor, purpose, version, wrapped) values ('stripe', 'webhook_secret', 1, '\\x00')`,
    );
    const purposes = (pool: Pool) => pool.query('select purpose from billing.platform_key order by 1');
    expect((await purposes(database.pool('billing_gateway'))).rows).toEqual([{ purpose: 'inbox' }]);
    await expect(purposes(database.pool('billing_api'))).rejects.toThrow('permission denied');
  });
});

describe('secrets of a processor', () => {
  it('rotate with an overlap, and are two at a time at most', async () => {
    await set('', at(0));
    expect(await versionsOf('', at(1))).toEqual([1]);
    await set('', at(10));
    expect(await versionsOf('', at(11))).toEqual([2, 1]);
    expect((await set('', at(20))).map(({ version }) => version)).toEqual([3, 2]);
    expect(await versionsOf('', at(21))).toEqual([3, 2]);
    expect(await versionsOf('', at(81))).toEqual([3]);
  });

  it('stay two at a time when many operators rotate at once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => set('acct_1', at(0))));
    expect(await versionsOf('acct_1', at(1))).toEqual([8, 7]);
  });

  it('do not prolong one that is on its way out', async () => {
    await set('acct_2', at(0), 60);
    await set('acct_2', at(10), 5);
    await owner.revoke(nameOf('acct_2'), 2, at(12));
    await set('acct_2', at(13), 600);
    expect(await versionsOf('acct_2', at(14))).toEqual([3, 1]);
    expect(await versionsOf('acct_2', at(16))).toEqual([3]);
  });

  it('end when they are revoked, once', async () => {
    await set('acct_3', at(0));
    await owner.revoke(nameOf('acct_3'), 1, at(5));
    expect(await owner.versions(nameOf('acct_3'))).toMatchObject([{ retiresAt: at(5), revokedAt: at(5) }]);
    expect(await versionsOf('acct_3', at(5))).toEqual([]);
    await expect(owner.revoke(nameOf('acct_3'), 1, at(6))).rejects.toThrow(SecretRefused);
    await expect(owner.revoke(nameOf('acct_3'), 9, at(6))).rejects.toThrow(SecretRefused);
  });

  it('have a first one that the ingest may store outside of production, and it can do no more', async () => {
    expect(await ingest.addFirst(nameOf('connect'), 'sealed')).toBe(true);
    expect(await ingest.addFirst(nameOf('connect'), 'other')).toBe(false);
    expect(await versionsOf('connect', at(0))).toEqual([1]);
    await expect(ingest.addFirst({ ...nameOf('connect'), environment: 'production' }, 'sealed')).rejects.toThrow(
      'row-level security',
    );
    await expect(ingest.revoke(nameOf('connect'), 1, at(0))).rejects.toThrow('permission denied');
  });

  it('of one environment are none of another', async () => {
    await owner.rotate({ ...nameOf('x'), environment: 'production' }, () => Promise.resolve('sealed'), {
      now: at(0),
      overlapUntil: at(0),
    });
    expect(await versionsOf('x', at(1))).toEqual([]);
  });
});
