import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import {
  KeyManagementUnavailable,
  MasterKeyBusy,
  MasterKeyRotation,
  PlatformKeys,
  PostgresMasterKeyStore,
  PostgresPlatformKeyStore,
  PostgresProcessorSecrets,
} from '../index.js';
import type { EncryptionContext, SecretName } from '../index.js';
import { KmsInMemory } from '../testing/kms-in-memory.js';

let database: TestDatabase;
let owner: PostgresProcessorSecrets;
beforeAll(async () => {
  database = await createTestDatabase();
  owner = new PostgresProcessorSecrets(database.admin);
});
afterAll(() => database.drop());

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21) + seconds * 1_000);
const nameOf = (account: string): SecretName => ({
  processor: 'stripe',
  account,
  environment: 'test',
  kind: 'webhook',
});

describe('a rotation of the master key', () => {
  it('wraps every key and every secret of its environment anew, page by page, and leaves what the KMS does not open', async () => {
    const kms = new KmsInMemory();
    const tenantId = await database.addTenant();
    const { admin } = database;
    const wrap = (context: EncryptionContext) => kms.encrypt(Buffer.alloc(32), context);
    const keys = new PlatformKeys({
      app: 'operator',
      environment: 'test',
      kms,
      store: new PostgresPlatformKeyStore(admin),
    });
    await admin.query(
      `insert into billing.tenant_key (tenant_id, purpose, version, wrapped) values ($1, 'token', 1, $2)`,
      [tenantId, await wrap({ tenantId, purpose: 'token', environment: 'test' })],
    );
    await admin.query(
      `insert into billing.platform_key (processor, purpose, version, wrapped) values ('stripe', 'inbox', 1, $1)`,
      [await wrap({ processor: 'stripe', purpose: 'inbox', environment: 'test' })],
    );
    const store = (name: SecretName, seal: () => Promise<string>) =>
      owner.rotate(name, seal, { now: at(0), overlapUntil: at(60), form: name.kind === 'api' ? 'sk_test' : null });
    const accounts = ['', 'connect', ...Array.from({ length: 8 }, (_, each) => `acct_${each}`)];
    for (const account of accounts)
      await store(nameOf(account), () =>
        keys.sealWebhookSecret({ ...nameOf(account), version: 1 }, `whsec_${account}`),
      );
    const api: SecretName = { ...nameOf(''), kind: 'api' };
    await store(api, () => keys.sealApiKey({ ...api, version: 1 }, 'sk_test_x'));
    await store(api, () => keys.sealApiKey({ ...api, version: 2 }, 'sk_test_y'));
    // Of an earlier release, of another environment, and of nobody who could have sealed it.
    await store(nameOf('old'), () => Promise.resolve('v1.1.AAAA'));
    await owner.addFirst({ ...nameOf('live'), environment: 'production' }, 'v2.AAAA');
    await owner.addFirst(
      nameOf('moved'),
      await keys.sealWebhookSecret({ ...nameOf('x'), processor: 'other', version: 1 }, 'x'),
    );
    await owner.addFirst(nameOf('broken'), 'v2.!');

    const masterKeys = new PostgresMasterKeyStore(admin, 'test');
    const page = masterKeys.page.bind(masterKeys);
    masterKeys.page = (before, after) => page(before, after, 3);
    const rotation = new MasterKeyRotation({ app: 'key-custodian', environment: 'test', kms, store: masterKeys });
    expect(await rotation.run()).toEqual({ done: 16, total: 16, refused: 2 });
    const { rows } = await admin.query<{ account: string; kind: string; version: number; ciphertext: string }>(
      `select account, kind, version, ciphertext from billing.processor_secret where environment = 'test'`,
    );
    const under = rows.map(({ ciphertext }) =>
      kms.wrappedUnder(Buffer.from(ciphertext.slice('v2.'.length), 'base64url')),
    );
    const left = rows.filter((_, each) => under[each] !== 2).map(({ account }) => account);
    expect(left.sort()).toEqual(['broken', 'moved', 'old']);
    const ingestKeys = new PlatformKeys({
      app: 'webhook-ingest',
      environment: 'test',
      kms,
      store: new PostgresPlatformKeyStore(admin),
    });
    for (const each of rows.filter(({ kind, account }) => kind === 'webhook' && accounts.includes(account)))
      expect(await ingestKeys.openWebhookSecret({ processor: 'stripe', ...each }, each.ciphertext)).toBe(
        `whsec_${each.account}`,
      );
  });

  it('is one at a time: of three that begin at once one has new material made, and the others are told', async () => {
    const kms = new KmsInMemory();
    const { masterVersion } = kms;
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map(() =>
        new MasterKeyRotation({
          ...{ app: 'key-custodian', environment: 'production', kms, pollMs: 1 },
          store: new PostgresMasterKeyStore(database.admin, 'production'),
        }).run(),
      ),
    );
    expect(kms.masterVersion).toBe(masterVersion + 1);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(refused).toEqual([expect.any(MasterKeyBusy), expect.any(MasterKeyBusy)]);
  });

  it('whose answer was lost goes on with the material that it got', async () => {
    const kms = new KmsInMemory();
    const rotate = kms.rotateMasterKey.bind(kms);
    kms.rotateMasterKey = async () => {
      await rotate();
      throw new KeyManagementUnavailable('timeout');
    };
    const run = () =>
      new MasterKeyRotation({
        ...{ app: 'key-custodian', environment: 'production', kms, pollMs: 1 },
        store: new PostgresMasterKeyStore(database.admin, 'production'),
      }).run();
    await expect(run()).rejects.toThrow(KeyManagementUnavailable);
    await run();
    expect(kms.masterVersion).toBe(2);
  });
});
