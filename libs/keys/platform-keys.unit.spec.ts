import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { KeyMissing, KeyUseDenied, SealBroken, UnwrapRefused } from './errors.js';
import type { Environment } from './key-management.js';
import { PlatformKeys, maxInboxBodyBytes } from './platform-keys.js';
import type { PlatformKeyStore } from './platform-keys.js';
import { sealText } from './sealed-text.js';
import { KmsInMemory } from './testing/kms-in-memory.js';
import { RowsInMemory } from './testing/rows-in-memory.js';
import { whoMayDecrypt } from './who-may-decrypt.js';
import type { KeyCapability, KeyUser } from './who-may-decrypt.js';

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

describe('a secret', () => {
  const kinds = [
    ['sealApiKey', 'openApiKey', 'gateway', 'api_key'],
    ['sealWebhookSecret', 'openWebhookSecret', 'webhook-ingest', 'webhook_secret'],
  ] as const;

  it.each(kinds)(
    '(%s) is sealed by the KMS itself, so that who seals it can open neither it nor a key',
    async (...kind) => {
      const [seal, open, opener] = kind;
      const { kms, rows, keysOf } = world();
      const sealed = await keysOf('operator')[seal](row, 'x'.repeat(250));
      expect(sealed).toMatch(/^v2\.[A-Za-z0-9_-]+$/);
      expect([kms.asked, rows.rows.size]).toEqual([['encrypt'], 0]);
      expect(await keysOf(opener)[open](row, sealed)).toBe('x'.repeat(250));
      expect(kms.asked).toEqual(['encrypt', 'decrypt']);
    },
  );

  it.each(kinds)(
    '(%s) opens in its own row alone, whatever else the KMS has sealed for its purpose',
    async (...kind) => {
      const [seal, open, opener, purpose] = kind;
      const { kms, keysOf } = world();
      const anyRow = fc.record({
        processor: fc.constantFrom('stripe', 'adyen'),
        account: fc.constantFrom('', 'connect', 'acct_1', '","1'),
        version: fc.integer({ min: 1, max: 12 }),
      });
      await fc.assert(
        fc.asyncProperty(anyRow, anyRow, fc.string({ unit: 'binary', maxLength: 50 }), async (from, to, secret) => {
          const opened = keysOf(opener)[open](to, await keysOf('operator')[seal](from, secret));
          if (JSON.stringify(from) === JSON.stringify(to)) expect(await opened).toBe(secret);
          else await expect(opened).rejects.toThrow(from.processor === to.processor ? SealBroken : UnwrapRefused);
        }),
      );
      const context = { processor: 'stripe', purpose, environment: 'test' } as const;
      const dataKey = await kms.generateDataKeyWithoutPlaintext(context);
      const other = await kms.encrypt(Buffer.from('["secret"]'), context);
      for (const wrapped of [dataKey, other])
        await expect(keysOf(opener)[open](row, `v2.${wrapped.toString('base64url')}`)).rejects.toThrow(SealBroken);
    },
  );

  it.each(['', 'v2.', 'v2.A', 'v2.AAAA=', 'v2.AA AA', 'v3.AAAA', 'v1.1.AAAA', `v2.${'A'.repeat(8_196)}`])(
    'is nothing that reads %s',
    async (text) => {
      const keys = world().keysOf('gateway');
      await expect(keys.openApiKey(row, text)).rejects.toThrow(SealBroken);
    },
  );

  it('is stored by the gateway and the ingest in trials alone', async () => {
    const { kms, keysOf } = world();
    await expect(keysOf('gateway', 'production').sealApiKey(row, 'x')).rejects.toThrow(KeyUseDenied);
    await expect(keysOf('webhook-ingest', 'production').sealWebhookSecret(row, 'x')).rejects.toThrow(KeyUseDenied);
    expect(kms.asked).toEqual([]);
    await keysOf('operator', 'production').sealApiKey(row, 'x');
  });
});

describe('a webhook secret', () => {
  it('that an earlier release sealed under a key of the platform still opens, in its row alone', async () => {
    const { kms, rows, keysOf } = world();
    const context = { processor: 'stripe', purpose: 'webhook_secret', environment: 'test' } as const;
    const { plaintext, wrapped } = await kms.generateDataKey(context);
    await rows.insert('stripe/webhook_secret', 1, wrapped);
    const place = ['webhook_secret', 'stripe', '', 'test', '1'];
    const sealed = sealText({ version: 1, bytes: plaintext }, place, Buffer.from('whsec_old'));
    const ingest = keysOf('webhook-ingest');
    expect(await ingest.openWebhookSecret(row, sealed)).toBe('whsec_old');
    await expect(ingest.openWebhookSecret({ ...row, version: 2 }, sealed)).rejects.toThrow(SealBroken);
    await expect(keysOf('gateway').openApiKey(row, sealed)).rejects.toThrow(SealBroken);
  });

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

describe('an API key', () => {
  it('is sealed by an operator and opened by the gateway', async () => {
    const { keysOf } = world();
    const sealed = await keysOf('operator').sealApiKey(row, 'rk_test_hush');
    expect(sealed).not.toContain('hush');
    expect(await keysOf('gateway').openApiKey(row, sealed)).toBe('rk_test_hush');
  });

  it('does not open as another version, in another environment, nor as a webhook secret', async () => {
    const { keysOf } = world();
    const sealed = await keysOf('operator').sealApiKey(row, 'rk_test_hush');
    await expect(keysOf('gateway').openApiKey({ ...row, version: 2 }, sealed)).rejects.toThrow(SealBroken);
    await expect(keysOf('gateway', 'production').openApiKey(row, sealed)).rejects.toThrow(UnwrapRefused);
    await expect(keysOf('webhook-ingest').openWebhookSecret(row, sealed)).rejects.toThrow(UnwrapRefused);
  });
});

describe("who may decrypt what is the platform's", () => {
  const operations = {
    'inbox:seal': (keys: PlatformKeys) => keys.sealInbox(event, letter),
    'inbox:open': (keys: PlatformKeys) => keys.openInbox(event, 'v1.1.AAAA'),
    'webhook-secret:seal': (keys: PlatformKeys) => keys.sealWebhookSecret(row, 'x'),
    'webhook-secret:open': (keys: PlatformKeys) => keys.openWebhookSecret(row, 'v1.1.AAAA'),
    'api-key:seal': (keys: PlatformKeys) => keys.sealApiKey(row, 'x'),
    'api-key:open': (keys: PlatformKeys) => keys.openApiKey(row, 'v1.1.AAAA'),
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

  it('lets the ingest alone open deliveries and their secrets, and the gateway alone API keys', () => {
    const whoMay = (capability: KeyCapability) =>
      (Object.keys(whoMayDecrypt) as KeyUser[]).filter((app) => whoMayDecrypt[app].includes(capability));
    expect(whoMay('inbox:open')).toEqual(['webhook-ingest']);
    expect(whoMay('webhook-secret:open')).toEqual(['webhook-ingest']);
    expect(whoMay('api-key:open')).toEqual(['gateway']);
  });
});
