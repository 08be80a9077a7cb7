import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Keys, LocalKeyManagement, PostgresSubjectKeyStore, PostgresTenantKeyStore } from '#keys';
import { tokenDigest } from '#processor';

import type { TestDatabase } from '../../../test/database/index.js';
import { createTestDatabase } from '../../../test/database/index.js';
import { ProcessorTokens } from './token-store.js';

let directory: string;
let database: TestDatabase;
let tokens: ProcessorTokens;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokens-'));
  const kms = await LocalKeyManagement.open({ path: join(directory, 'keyring.json'), environment: 'test' });
  database = await createTestDatabase();
  const pool = database.pool('billing_api');
  const stores = { tenantKeys: new PostgresTenantKeyStore(pool), subjectKeys: new PostgresSubjectKeyStore(pool) };
  tokens = new ProcessorTokens(pool, new Keys({ app: 'api', environment: 'test', kms, ...stores }));
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});

it('a token lies sealed, and is found by its digest by whoever has to tell whose a webhook is', async () => {
  const tenantId = await database.addTenant();
  const [paymentMethodId, customerId] = [randomUUID(), randomUUID()];
  const token = 'pm_1Nv0FGQ9RKHgCVdK3b2c';
  await tokens.store(tenantId, paymentMethodId, customerId, token);
  const ingest = database.pool('billing_webhook_ingest');
  const { rows } = await ingest.query(
    'select tenant_id, payment_method_id from billing.processor_token where token_digest = $1',
    [tokenDigest(token)],
  );
  expect(rows).toEqual([{ tenant_id: tenantId, payment_method_id: paymentMethodId }]);
  await expect(ingest.query('select sealed from billing.processor_token')).rejects.toThrow('permission denied');
  const { rows: stored } = await database.admin.query<{ row: string }>(
    'select to_jsonb(t)::text as row from billing.processor_token t',
  );
  expect(stored[0]?.row).not.toContain(token);
});
