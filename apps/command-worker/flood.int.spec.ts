import { randomUUID } from 'node:crypto';

import { describeWithKafka } from '../../test/kafka/suite.js';
import type { RunningWorker } from './testing/running-worker.js';
import { startWorker } from './testing/running-worker.js';
import type { Signer } from './testing/signed-record.js';
import { signedRecord } from './testing/signed-record.js';

describeWithKafka('whoever may write to the topic, and means to stop it,', (brokers) => {
  let worker: RunningWorker;
  let shop: Signer;
  let tenantId: string;
  beforeAll(async () => {
    worker = await startWorker(brokers);
    tenantId = await worker.database.addTenant();
    shop = await worker.signer('shop', { tenants: [tenantId], scopes: ['billing:write'] });
  }, 60_000);
  afterAll(() => worker?.close(), 30_000);

  /** Milliseconds until a good command is answered that comes after `bad` in the same partition. */
  const heldUpBy = async (bad: { key?: string; value: Buffer; headers: Record<string, string> }[]): Promise<number> => {
    const { messageId, ...good } = await signedRecord(shop, {
      tenantId,
      body: { email: `${randomUUID()}@example.com` },
    });
    const begun = Date.now();
    await worker.publish(...[...bad, good].map((record) => ({ ...record, partition: 1 })));
    await expect(worker.resultsOf(messageId)).resolves.toEqual([expect.objectContaining({ outcome: 'accepted' })]);
    return Date.now() - begun;
  };
  const forged = async (): Promise<{ key?: string; value: Buffer; headers: Record<string, string> }> => {
    const { key, value, headers } = await signedRecord({ ...shop, kid: 'A'.repeat(43) }, { tenantId, body: {} });
    return { key: String(key), value: value as Buffer, headers: headers as Record<string, string> };
  };

  it('holds nobody up with forgeries that name one thing, and so follow each other', async () => {
    const one = await forged();
    expect(await heldUpBy(Array.from({ length: 600 }, () => one))).toBeLessThan(10_000); // a minute, if each waited
    expect((await worker.letterRows()).filter(({ reason }) => reason === 'producer_key_unknown')).toHaveLength(600);
  }, 90_000);

  it('holds nobody up with more headers than anybody reads', async () => {
    const { value, headers, key } = await forged();
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`h${at.toString(36)}`, '']));
    expect(await heldUpBy([{ value, key: String(key), headers: { ...headers, ...many } }])).toBeLessThan(10_000);
    expect((await worker.letterRows()).at(-1)).toMatchObject({ reason: 'header_missing', claimed_tenant: null });
  }, 90_000);
});
