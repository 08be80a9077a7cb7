import { setTimeout as sleep } from 'node:timers/promises';

import { KeyManagementUnavailable, PlatformKeyRotation } from '#keys';
import { createLogger } from '#platform/logging';

import { KmsInMemory } from '../../../libs/keys/testing/kms-in-memory.js';
import { serve } from '../serve.js';
import type { RunningIngest } from '../testing/running-ingest.js';
import { eventBody, signed, startIngest } from '../testing/running-ingest.js';
import { openWebhookIngestParts } from '../webhook-ingest.parts.js';
import { InboxKeyKeeper } from './index.js';

const keyCache = { maxEntries: 10, maxAgeMs: 50, maxUses: 1_000 };
let ingest: RunningIngest;
beforeAll(async () => {
  ingest = await startIngest({ keyCache });
}, 60_000);
afterAll(() => ingest.close());
beforeEach(async () => {
  await ingest.database.admin.query('delete from billing.webhook_events; delete from billing.platform_key');
  await sleep(2 * keyCache.maxAgeMs); // nobody has the last test's key any more
});

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 15_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it never came to that');
    await sleep(10);
  }
};

const deliver = async (eventId: string): Promise<number> => {
  const body = eventBody(eventId);
  return (await ingest.deliver(body, signed(body))).status;
};

const madeAgo = (days: number) =>
  ingest.database.admin.query('update billing.platform_key set created_at = now() - make_interval(days => $1)', [days]);

const versions = async (): Promise<number[]> => {
  const { rows } = await ingest.database.admin.query<{ version: number }>(
    `select version from billing.platform_key where processor = 'stripe' and purpose = 'inbox' order by version`,
  );
  return rows.map(({ version }) => version);
};

/** The events that a version seals. */
const sealedBy = async (version: number): Promise<string[]> =>
  (await ingest.rows()).filter(({ sealed }) => sealed.startsWith(`v1.${version}.`)).map(({ event_id }) => event_id);

/** Another ingest over the same database, and what it logs. */
const startAnother = async () => {
  const lines: string[] = [];
  const parts = await openWebhookIngestParts(ingest.configuration, { write: (line) => lines.push(line), keyCache });
  const served = await serve(parts, { port: 0, applies: false });
  return { lines, close: () => served.close() };
};

describe('the key of the inbox', () => {
  it('is replaced when it is old, by one of the ingests that look at once, and no delivery is refused or lost meanwhile', async () => {
    expect(await deliver('evt_before')).toBe(200);
    await madeAgo(91);
    const statuses = new Set<number>();
    let delivering = true;
    const deliveries = (async () => {
      for (let at = 0; delivering && at < 1_000; at += 1) {
        statuses.add(await deliver(`evt_during_${at}`));
        await sleep(5);
      }
    })();
    const others = await Promise.all([startAnother(), startAnother(), startAnother()]);
    try {
      await until(async () => (await sealedBy(2)).length > 0);
      delivering = false;
      await deliveries;
      expect(statuses).toEqual(new Set([200]));
      expect(await deliver('evt_after')).toBe(200);
      expect(await sealedBy(1)).toContain('evt_before');
      expect(await sealedBy(2)).toContain('evt_after');
      for (const { event_id: eventId, sealed } of await ingest.rows()) {
        const letter = await ingest.parts.keys.openInbox({ processor: 'stripe', eventId }, sealed);
        expect(letter.body.toString()).toBe(eventBody(eventId));
      }
      expect(await versions()).toEqual([1, 2]);
      const told = others.flatMap(({ lines }) => lines).filter((line) => line.includes('has been replaced'));
      expect(told).toHaveLength(1);
    } finally {
      delivering = false;
      await Promise.all(others.map(({ close }) => close()));
    }
  });

  it('has one version more, however many find it due at the same moment', async () => {
    await deliver('evt_raced');
    await madeAgo(91);
    const { rotation, store } = ingest.parts.keyKeeping;
    const due = { processor: 'stripe', purpose: 'inbox', version: 1 } as const;
    expect(await store.due('inbox', 90)).toEqual([due]);
    const made = await Promise.all(Array.from({ length: 8 }, () => rotation.rotate(due)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await versions()).toEqual([1, 2]);
    expect(await store.due('inbox', 90)).toEqual([]);
  });

  it('stays until it is due, and is looked at again and again', async () => {
    await deliver('evt_early');
    await madeAgo(89);
    const { parts } = ingest;
    const keeper = new InboxKeyKeeper({
      ...parts.keyKeeping,
      warnings: parts.warnings,
      logger: parts.logger,
      roundMs: 10,
    });
    keeper.start();
    try {
      await sleep(150); // a dozen looks
      expect(await versions()).toEqual([1]);
      await madeAgo(91);
      await until(async () => (await versions()).length > 1);
      await sleep(100);
      expect(await versions()).toEqual([1, 2]);
    } finally {
      await keeper.close();
    }
  });

  it('that cannot be replaced is told of in the log and to who asks whether the ingest is ready, until it is; deliveries go on', async () => {
    await deliver('evt_told_of');
    await madeAgo(91);
    const kms = new KmsInMemory();
    kms.trouble = new KeyManagementUnavailable('denied');
    const { store, rotation } = ingest.parts.keyKeeping;
    const lines: string[] = [];
    const keeper = new InboxKeyKeeper({
      ...{ store, lifeDays: 90, warnings: ingest.parts.warnings, roundMs: 10, retryMs: 10 },
      rotation: new PlatformKeyRotation({ app: 'webhook-ingest', environment: 'test', kms, store }),
      logger: createLogger({ app: 'webhook-ingest', level: 'info', write: (line) => lines.push(line) }),
    });
    keeper.start();
    const ready = async () => (await fetch(`${ingest.url}/readyz`)).text();
    try {
      await until(async () => (await ready()).includes('key_management_unavailable:denied'));
      expect(JSON.parse(await ready())).toMatchObject({ status: 'degraded', warnings: [{ code: 'keys_overdue' }] });
      kms.trouble = undefined; // and it is another KMS than the one that wrapped the key
      await until(async () => (await ready()).includes('newest_refused'));
      expect(lines.join('')).toContain('"error":"newest_refused"');
      expect(await versions()).toEqual([1]);
      expect(await deliver('evt_meanwhile')).toBe(200);
      expect(await rotation.rotate({ processor: 'stripe', purpose: 'inbox', version: 1 })).toBe(true);
      await until(async () => (await ready()) === '{"status":"ok"}');
    } finally {
      await keeper.close();
    }
  });
});
