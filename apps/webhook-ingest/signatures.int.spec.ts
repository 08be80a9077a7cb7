import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';

import type { RunningIngest } from './testing/running-ingest.js';
import { eventBody, seconds, secret, signed, startIngest, v1 } from './testing/running-ingest.js';
import { openWebhookIngestParts } from './webhook-ingest.parts.js';

let ingest: RunningIngest;
beforeAll(async () => {
  ingest = await startIngest();
}, 60_000);
afterAll(() => ingest.close());

const body = eventBody('evt_never_stored', { note: 'café 😀' });

const expectRefused = async (reply: { status: number; json: Record<string, unknown> }, code: string): Promise<void> => {
  expect(reply).toMatchObject({
    status: 400,
    json: {
      type: `urn:billing-service:problem:${code}`,
      code,
      status: 400,
      detail: 'this is not a delivery that a secret of this endpoint verifies',
    },
  });
  expect((await ingest.rows()).filter(({ event_id }) => event_id === 'evt_never_stored')).toEqual([]);
};

const [missing, malformed, invalid, late] = [
  'webhook_signature_missing',
  'webhook_signature_malformed',
  'webhook_signature_invalid',
  'webhook_timestamp_out_of_tolerance',
] as const;

describe('a delivery is refused, and nothing is written, when its signature', () => {
  it.each<[name: string, header: () => string | undefined, code: string]>([
    ['is not there', () => undefined, missing],
    ['is empty', () => '', missing],
    ['is blank', () => '   ', missing],
    ['has no timestamp', () => `v1=${v1(body, seconds())}`, malformed],
    ['has two timestamps', () => `t=${seconds()},t=${seconds()},v1=${v1(body, seconds())}`, malformed],
    ['has a timestamp that is no number', () => `t=now,v1=${v1(body, seconds())}`, malformed],
    ['has a negative timestamp', () => `t=-1,v1=${v1(body, -1)}`, malformed],
    ['has an exponent for a timestamp', () => `t=1e9,v1=${v1(body, 1e9)}`, malformed],
    ['has v0 alone', () => `t=${seconds()},v0=${v1(body, seconds())}`, malformed],
    ['has another scheme alone', () => `t=${seconds()},v2=${v1(body, seconds())}`, malformed],
    ['is no list of entries', () => v1(body, seconds()), malformed],
    ['has nothing in v1', () => `t=${seconds()},v1=`, invalid],
    ['is cut short', () => signed(body).slice(0, -1), invalid],
    ['is in upper case', () => `t=${seconds()},v1=${v1(body, seconds()).toUpperCase()}`, invalid],
    ['is of another body', () => signed(`${body} `), invalid],
    ['is of another timestamp', () => `t=${seconds()},v1=${v1(body, seconds() - 1)}`, invalid],
    ['is under another secret', () => signed(body, { key: 'whsec_another' }), invalid],
    ['is under the secret with a space behind it', () => signed(body, { key: `${secret} ` }), invalid],
    ['is under no secret', () => signed(body, { key: '' }), invalid],
    ['is 301 s old', () => signed(body, { t: seconds() - 301 }), late],
    ['is from next week', () => signed(body, { t: seconds() + 604_800 }), late],
    ['is from 1970', () => signed(body, { t: 0 }), late],
  ])('%s', async (_, header, code) => {
    await expectRefused(await ingest.deliver(body, header()), code);
  });

  it.each<[name: string, split: (given: string) => string[]]>([
    ['of which one would do', (given) => [given, given]],
    ['which together would do', (given) => given.split(',')],
    ['of which the first is empty', (given) => ['', given]],
  ])('came in two headers, %s', async (_, split) => {
    const reply = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(`${ingest.url}/webhooks/stripe`, { method: 'POST' }, resolve).on('error', reject);
      sent.setHeader('content-type', 'application/json');
      sent.setHeader('stripe-signature', split(signed(body)));
      sent.end(body);
    });
    let text = '';
    for await (const chunk of reply) text += String(chunk);
    await expectRefused({ status: reply.statusCode ?? 0, json: JSON.parse(text) as never }, malformed);
  });

  it('is that of a body of which any one byte has changed', async () => {
    const header = signed(body);
    const bytes = Buffer.from(body);
    for (let at = 0; at < bytes.length; at += 37) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect((await ingest.deliver(changed, header)).json).toMatchObject({ code: invalid });
    }
    expect(await ingest.rows()).toEqual([]);
  });

  it('is of the Connect endpoint, which has no secret yet: later', async () => {
    const reply = await ingest.deliver(body, signed(body), '/webhooks/stripe/connect');
    expect(reply).toMatchObject({ status: 503, json: { code: 'webhook_secret_missing' } });
    expect(reply.headers.get('retry-after')).toBe('60');
  });

  it('is of an account, and whether that one has a secret is not told', async () => {
    await ingest.rotate('whsec_ofTheAccount', { account: 'acct_configured' });
    const answers: { account: string; status: number; code: unknown; detail: unknown; names: string }[] = [];
    for (const account of ['acct_configured', 'acct_unknown'])
      for (const header of [signed(body), 't=1,v1=00', 'nonsense', undefined]) {
        const { status, json, headers } = await ingest.deliver(body, header, `/webhooks/stripe/${account}`);
        answers.push({ account, status, code: json.code, detail: json.detail, names: [...headers.keys()].join() });
      }
    const of = (wanted: string) =>
      answers.filter(({ account }) => account === wanted).map(({ account: _, ...rest }) => rest);
    expect(of('acct_unknown')).toEqual(of('acct_configured'));
    expect(of('acct_unknown').map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect(ingest.logged()).toContain('no secret of this endpoint is stored');
  });
});

describe('a delivery is taken', () => {
  afterEach(() => ingest.database.admin.query('delete from billing.webhook_events'));

  it.each<[name: string, header: (given: string) => string]>([
    ['just as it is signed', (given) => signed(given)],
    ['with a v0 entry beside it, as in test mode', (given) => `${signed(given)},v0=abc`],
    [
      'with its right entry last of three',
      (given) => `t=${seconds()},v1=00,v1=${v1('', 1)},v1=${v1(given, seconds())}`,
    ],
    ['299 s late', (given) => signed(given, { t: seconds() - 299 })],
    ['299 s ahead', (given) => signed(given, { t: seconds() + 299 })],
  ])('%s', async (name, header) => {
    const given = eventBody('evt_taken', { note: `café 😀 ${name}` });
    const reply = await ingest.deliver(given, header(given));
    expect(reply).toMatchObject({ status: 200, json: { received: true } });
    const [row, ...others] = await ingest.rows();
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      event_id: 'evt_taken',
      type: 'payment_intent.succeeded',
      api_version: '2026-10-28.endive',
      account: null,
      livemode: false,
      state: 'received',
      created_at: new Date(1_795_000_000_000),
    });
    const opened = await ingest.parts.keys.openInbox({ processor: 'stripe', eventId: 'evt_taken' }, row?.sealed ?? '');
    expect(opened.body.toString()).toBe(given);
    expect(row?.sealed).not.toContain('pi_1');
  });
});

describe('the first secret of an endpoint', () => {
  it('is used as soon as it is stored', async () => {
    const key = 'whsec_ofTheConnectEndpoint';
    await ingest.rotate(key, { account: 'connect' });
    const given = eventBody('evt_connect', { account: 'acct_7' });
    const deadline = Date.now() + 5_000;
    let status = 0;
    while (status !== 200 && Date.now() < deadline)
      ({ status } = await ingest.deliver(given, signed(given, { key }), '/webhooks/stripe/connect'));
    expect(await ingest.rows()).toMatchObject([{ event_id: 'evt_connect', account: 'acct_7' }]);
    expect(await ingest.deliver(given, signed(given, { key }))).toMatchObject({ json: { code: invalid } });
    await ingest.database.admin.query('delete from billing.webhook_events');
  });
});

describe('while a secret rotates', () => {
  it('both verify, then only the new one; each as soon as it is stored, without a restart', async () => {
    const next = 'whsec_theNextOne';
    const deliver = (eventId: string, key: string) => {
      const given = eventBody(eventId);
      return ingest.deliver(given, signed(given, { key }));
    };
    expect((await deliver('evt_r1', secret)).status).toBe(200);
    expect((await deliver('evt_r2', next)).status).toBe(400);
    await ingest.rotate(next);
    const deadline = Date.now() + 5_000;
    let status = 0;
    while (status !== 200 && Date.now() < deadline) ({ status } = await deliver('evt_r2', next));
    expect((await deliver('evt_r3', secret)).status).toBe(200);
    const both = eventBody('evt_r4');
    const t = seconds();
    expect((await ingest.deliver(both, `t=${t},v1=${v1(both, t, secret)},v1=${v1(both, t, next)}`)).status).toBe(200);
    expect((await ingest.rows()).map(({ event_id }) => event_id)).toEqual(['evt_r1', 'evt_r2', 'evt_r3', 'evt_r4']);
  });
});

describe('a revoked secret', () => {
  it('verifies nothing any more after half a minute, in processes that run', async () => {
    let ahead = 0;
    const aside = await startIngest({ now: () => new Date(Date.now() + ahead * 1_000) });
    try {
      const deliver = (eventId: string) => {
        const given = eventBody(eventId);
        return aside.deliver(given, signed(given, { t: seconds() + ahead }));
      };
      expect((await deliver('evt_before')).status).toBe(200);
      await aside.rotate('whsec_theNextOne', { overlapMs: 0 });
      ahead = 31;
      expect(await deliver('evt_after')).toMatchObject({ status: 400, json: { code: invalid } });
      expect((await aside.rows()).map(({ event_id }) => event_id)).toEqual(['evt_before']);
    } finally {
      await aside.close();
    }
  });
});

describe('a secret in the environment', () => {
  it('is stored once; where another one is stored already, that one counts and the log says so', async () => {
    const lines: string[] = [];
    const { configuration } = ingest;
    const again = async (webhookSecret: string): Promise<string> => {
      const stripe = { ...configuration.stripe, webhookSecret };
      const parts = await openWebhookIngestParts({ ...configuration, stripe }, { write: (line) => lines.push(line) });
      await parts.close();
      return lines.splice(0).join('');
    };
    expect(await again(secret)).toBe('');
    const said = await again('whsec_anotherOne');
    expect(said).toContain('another secret is stored for this endpoint');
    expect(said).not.toContain('whsec_');
  });
});
