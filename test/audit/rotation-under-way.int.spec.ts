import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { VerifierKey } from '#audit';
import {
  checkpointPath,
  followKeyHistory,
  formatVerifierKey,
  identityOf,
  keyReceiptPath,
  openCheckpoint,
  parseCheckpoint,
  parseNote,
  verifyLog,
} from '#audit';
import { AuditKeyRegister, readKeyHistory, verifierKeyOf, vouchedKeys } from '#audit-log/keys';
import { Keys, LocalKeyManagement, PostgresSubjectKeyStore, PostgresTenantKeyStore } from '#keys';

import { openOperator } from '../../apps/cli/operator/index.js';
import { origin } from '../../apps/merkle-anchor/testing/anchor-options.js';
import { AuditedLog } from '../../apps/merkle-anchor/testing/audited-log.js';
import { openKeyReceipts, openSigners } from '../../apps/merkle-anchor/signers/index.js';

let log: AuditedLog;
beforeAll(async () => {
  log = await AuditedLog.open([3]);
});
afterAll(() => log.close());

const until = async <T>(look: () => Promise<T | undefined | false>): Promise<T> => {
  for (const end = Date.now() + 10_000; ; await sleep(10)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error('it did not come to be within 10 s');
  }
};

it('the keys of a log rotate while the anchor seals: an old verifier follows, and every checkpoint stays good', async () => {
  const kms = await LocalKeyManagement.open({ path: join(log.directory, 'keyring.json'), environment: 'test' });
  const pool = log.database.pool('billing_merkle_anchor', { max: 4 });
  const tenantKeys = new PostgresTenantKeyStore(pool);
  const subjectKeys = new PostgresSubjectKeyStore(pool);
  const keys = new Keys({ app: 'merkle-anchor', environment: 'test', kms, tenantKeys, subjectKeys });
  const store = log.store();
  const receipts = openKeyReceipts({ pool, origin, store, keys });
  let cutShort = 0;
  const parts = {
    signers: openSigners({ pool, origin, store, kms }),
    salts: (tenantId: string) => keys.auditSalts(tenantId),
    keyReceipts: {
      // The first that is to be written each time is not, as if the anchor had died over it.
      published: async (...told: Parameters<typeof receipts.published>) => {
        cutShort += 1;
        if (cutShort % 2 === 1) throw new Error('cut short');
        await receipts.published(...told);
      },
    },
  };
  const operator = openOperator({ DATABASE_URL: log.database.adminUrl }, 'billing_operator');
  const register = new AuditKeyRegister({ pool: operator, origin });
  const keyOf = (name: string): Promise<VerifierKey> => verifierKeyOf(kms, name, origin);
  const now = () => new Date().toISOString();
  const sizeOf = async (): Promise<number> => {
    const note = await store.read(checkpointPath);
    return note ? parseCheckpoint(parseNote(note).text).size : -1;
  };
  const sealed = async () => until(async () => (await sizeOf()) >= (await log.events()));
  const published = async (n: number) => until(() => store.read(keyReceiptPath(n)));

  const anchor = log.anchor(parts);
  await log.append(5);
  await until(() => Promise.resolve(anchor.failures > 0)); // nobody signs yet
  expect(await store.read(checkpointPath)).toBeUndefined();

  const pinned = await keyOf('audit-1');
  await register.introduce(pinned, 'audit-1', now());
  await published(1);
  await log.append(5);
  await register.introduce(await keyOf('audit-2'), 'audit-2', now());
  await published(2);
  await sealed();
  const overlap = (await store.read(checkpointPath)) ?? '';
  expect(openCheckpoint(overlap, { origin, keys: [pinned] }).signatures).toHaveLength(1);

  const vouched = await vouchedKeys(store, await readKeyHistory(pool, origin), origin);
  await register.retire(formatVerifierKey(pinned), vouched, now());
  await published(3);
  await log.append(5);
  await sealed();
  await log.stop(anchor);
  await operator.end();

  const found = await Promise.all([1, 2, 3].map(published));
  const identity = identityOf(followKeyHistory([pinned], found));
  expect(identity.keys.map(formatVerifierKey)).toEqual(
    (await Promise.all(['audit-2', 'audit-1'].map(keyOf))).map(formatVerifierKey),
  );
  const { checkpoint, extended } = await verifyLog(store, { trust: { log: identity }, from: await log.anchored() });
  expect(checkpoint.signatures.map(({ key }) => formatVerifierKey(key))).toEqual([
    formatVerifierKey(await keyOf('audit-2')),
  ]);
  expect(extended.length).toBeGreaterThan(3);
  const newest = (await store.read(checkpointPath)) ?? '';
  expect(() => openCheckpoint(newest, { origin, keys: [pinned] })).toThrow('no key that is trusted');
}, 60_000);
