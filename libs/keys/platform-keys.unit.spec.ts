import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { KeyMissing, KeyUseDenied, SealBroken, UnwrapRefused } from './errors.js';
import type { Environment } from './key-management.js';
import { PlatformKeys, maxInboxBodyBytes } from './platform-keys.js';
import type { PlatformKeyStore } from './platform-keys.js';
import { KmsInMemory } from './testing/kms-in-memory.js';
import { RowsInMemory } from './testing/rows-in-memory.js';
import { whoMayDecrypt } from './who-may-decrypt.js';
import type { KeyUser } from './who-may-decrypt.js';

const event = { processor: 'stripe', eventId: 'evt_1' };
const row = { processor: 'stripe', account: '', version: 1 };
const letter = { body: Buffer.from('{"id":"evt_1"}'), signature: 't=1,v1=ab' };

const world = () => {
  const kms = new KmsInMemory();
  const rows = new RowsInMemory();
  const store: PlatformKeyStore = {
    read: (processor, purpose) => rows.read(`${processor}/${purpose}`),
    insert: (processor, purpose, version, wrapped) => rows.insert(`${processor}/${purpose}`, version, wrapped),
  };
  const keysOf = (app: KeyUser, environment: Environment = 'test') =>
    new PlatformKeys({ app, environment, kms, store });
  return { kms, rows, keysOf };
};

describe('a delivery in the inbox', () => {
  it('opens in another process, byte for byte, with the header it came with or none', async () => {
    const { keysOf } = world();
    const [gateway, ingest] = [keysOf('gateway'), keysOf('webhook-ingest')];
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 500 }),
        fc.option(fc.string({ unit: 'binary', maxLength: 200 }), { nil: undefined }),
        async (bytes, header) => {
          const given = { body: Buffer.from(bytes), signature: header };
          const opened = await ingest.openInbox(event, await gateway.sealInbox(event, given));
          expect([opened.body.toString('hex'), opened.signature]).toEqual([given.body.toString('hex'), header]);
        },
      ),
    );
  });

  it('may have a body of 1 MiB and no more', async () => {
    const keys = world().keysOf('webhook-ingest');
    const body = randomBytes(maxInboxBodyBytes);
    const sealed = await keys.sealInbox(event, { body, signature: 'x'.repeat(16_000) });
    expect((await keys.openInbox(event, sealed)).body.equals(body)).toBe(true);
    const more = { body: Buffer.alloc(maxInboxBodyBytes + 1), signature: undefined };
    await expect(keys.sealInbox(event, more)).rejects.toThrow(RangeError);
  });

  it("does not open as another event, nor as another processor's", async () => {
    const { keysOf } = world();
    const keys = keysOf('webhook-ingest');
    const sealed = await keys.sealInbox(event, letter);
    expect(sealed).not.toContain(letter.body.toString());
    await expect(keys.openInbox({ ...event, eventId: 'evt_2' }, sealed)).rejects.toThrow(SealBroken);
    await keys.sealInbox({ ...event, processor: 'adyen' }, letter);
    await expect(keys.openInbox({ ...event, processor: 'adyen' }, sealed)).rejects.toThrow(SealBroken);
  });

  it('sealed before a rotation still opens, and the new version seals', async () => {
    const { kms, keysOf, rows } = world();
    const before = await keysOf('webhook-ingest').sealInbox(event, letter);
    const context = { processor: 'stripe', purpose: 'inbox', environment: 'test' } as const;
    await rows.insert('stripe/inbox', 2, (await kms.generateDataKey(context)).wrapped);
    const keys = keysOf('webhook-ingest');
    const after = await keys.sealInbox(event, letter);
    expect(after).toMatch(/^v1\.2\./);
    expect(await keys.openInbox(event, before)).toEqual(letter);
    expect(await keys.openInbox(event, after)).toEqual(letter);
    await expect(keys.openInbox(event, after.replace('v1.2.', 'v1.3.'))).rejects.toThrow(KeyMissing);
  });

  it('is under one key, though ten processes make it at once', async () => {
    const { keysOf, rows } = world();
    const sealed = await Promise.all(Array.from({ length: 10 }, () => keysOf('gateway').sealInbox(event, letter)));
    expect(rows.rows.get('stripe/inbox')).toHaveLength(1);
    for (const text of sealed) expect(await keysOf('webhook-ingest').openInbox(event, text)).toEqual(letter);
  });
});

describe('a webhook secret', () => {
  it('is sealed by an operator and opened by the ingest', async () => {
    const { keysOf } = world();
    const sealed = await keysOf('operator').sealWebhookSecret(row, 'whsec_hush');
    expect(sealed).not.toContain('hush');
    expect(await keysOf('webhook-ingest').openWebhookSecret(row, sealed)).toBe('whsec_hush');
  });

  it('does not open for another account or version', async () => {
    const { keysOf } = world();
    const sealed = await keysOf('operator').sealWebhookSecret(row, 'whsec_hush');
    for (const place of [
      { ...row, account: 'connect' },
      { ...row, version: 2 },
    ])
      await expect(keysOf('webhook-ingest').openWebhookSecret(place, sealed)).rejects.toThrow(SealBroken);
  });

  it('does not open in another environment', async () => {
    const { keysOf } = world();
    const sealed = await keysOf('operator').sealWebhookSecret(row, 'whsec_hush');
    await expect(keysOf('webhook-ingest', 'production').openWebhookSecret(row, sealed)).rejects.toThrow(UnwrapRefused);
  });
});

describe("who may decrypt what is the platform's", () => {
  const operations = {
    'inbox:seal': (keys: PlatformKeys) => keys.sealInbox(event, letter),
    'inbox:open': (keys: PlatformKeys) => keys.openInbox(event, 'v1.1.AAAA'),
    'webhook-secret:seal': (keys: PlatformKeys) => keys.sealWebhookSecret(row, 'x'),
    'webhook-secret:open': (keys: PlatformKeys) => keys.openWebhookSecret(row, 'v1.1.AAAA'),
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

  it('lets only the ingest open anything', () => {
    for (const app of Object.keys(whoMayDecrypt) as KeyUser[])
      expect(whoMayDecrypt[app].some((each) => each === 'inbox:open' || each === 'webhook-secret:open')).toBe(
        app === 'webhook-ingest',
      );
  });
});
