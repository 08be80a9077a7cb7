import { request } from 'node:http';
import { connect } from 'node:net';

import fc from 'fast-check';

import { PostgresProcessorSecrets } from '#keys';

import { Reception } from './receive/reception.js';
import { EndpointSecrets } from './secrets/endpoint-secrets.js';
import { serve } from './serve.js';
import type { RunningIngest } from './testing/running-ingest.js';
import { eventBody, secret, signed, startIngest } from './testing/running-ingest.js';
import { openWebhookIngestParts } from './webhook-ingest.parts.js';

let ingest: RunningIngest;
beforeAll(async () => {
  ingest = await startIngest({ requestTimeoutMs: 1_000 });
}, 60_000);
afterAll(() => ingest.close());
beforeEach(() => ingest.database.admin.query('delete from billing.webhook_events'));

const outcomes = async (): Promise<Record<string, number>> => {
  const found = (await ingest.metrics()).matchAll(
    /^billing_webhook_(?:deliveries|refusals)_total\{(?:outcome|code)="(\w+)",app="webhook-ingest"\} (\d+)$/gm,
  );
  return Object.fromEntries([...found].map(([, name, count]) => [String(name), Number(count)] as const));
};

/** What the counters have grown by while `work` ran. */
const counted = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
  const before = await outcomes();
  await work();
  const grown = Object.entries(await outcomes()).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return Object.fromEntries(grown.filter(([, count]) => count > 0));
};

describe('one event', () => {
  it('in a hundred copies at once, each signed at another second, is one row', async () => {
    const body = eventBody('evt_hundred');
    const now = Math.floor(Date.now() / 1_000);
    const copies = Array.from({ length: 100 }, (_, at) => signed(body, { t: now - at }));
    const grown = await counted(async () => {
      const replies = await Promise.all(copies.map((header) => ingest.deliver(body, header)));
      expect(replies.map(({ status }) => status)).toEqual(copies.map(() => 200));
      expect(replies.filter(({ json }) => json.duplicate === true)).toHaveLength(99);
    });
    expect(grown).toEqual({ stored: 1, duplicate: 99 });
    expect(await ingest.rows()).toHaveLength(1);
  });

  it('in a hundred copies over two processes is one row', async () => {
    const parts = await openWebhookIngestParts(ingest.configuration, { write: () => undefined });
    const other = await serve(parts, { port: 0, applies: false });
    try {
      const body = eventBody('evt_two_processes');
      const now = Math.floor(Date.now() / 1_000);
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, at) =>
          ingest.deliver(body, signed(body, { t: now - at }), '/webhooks/stripe', at % 2 ? other.url : ingest.url),
        ),
      );
      expect(replies.filter(({ status, json }) => status === 200 && json.duplicate === undefined)).toHaveLength(1);
      expect(await ingest.rows()).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('that is replayed, signature and all, is answered without the table', async () => {
    const body = eventBody('evt_replayed');
    const header = signed(body);
    await ingest.deliver(body, header);
    const grown = await counted(async () => {
      expect((await ingest.deliver(body, header)).json).toEqual({ received: true, duplicate: true });
    });
    expect(grown).toEqual({ replayed: 1 });
  });

  it('that comes again with fewer endpoints left to tell is a duplicate, and with another content a conflict', async () => {
    const deliver = async (more: Record<string, unknown>) => {
      const body = eventBody('evt_again', more);
      expect((await ingest.deliver(body, signed(body))).status).toBe(200);
    };
    await deliver({ pending_webhooks: 2 });
    const [first] = await ingest.rows();
    expect(await counted(() => deliver({ pending_webhooks: 1 }))).toEqual({ duplicate: 1 });
    expect(await counted(() => deliver({ type: 'payment_intent.payment_failed' }))).toEqual({ conflict: 1 });
    expect(await ingest.rows()).toEqual([first]);
    expect(ingest.logged()).toContain('came again with another content');
  });

  it('of live mode is ignored in a test environment, and never applied', async () => {
    const body = eventBody('evt_live', { livemode: true });
    expect((await ingest.deliver(body, signed(body))).status).toBe(200);
    expect(await ingest.rows()).toMatchObject([{ state: 'ignored', reason: 'livemode_mismatch', livemode: true }]);
  });

  it('of live mode is applied in production, and one of test mode is ignored there', async () => {
    const { parts } = ingest;
    const store = new PostgresProcessorSecrets(parts.pool);
    const production = new Reception({
      ...parts,
      metrics: parts.ingestMetrics,
      environment: 'production',
      secrets: new EndpointSecrets({ ...parts, environment: 'test', store, metrics: parts.ingestMetrics }),
    });
    for (const livemode of [true, false]) {
      const body = eventBody(`evt_${livemode}`, { livemode });
      await production.receive({ account: '', header: signed(body), body: Buffer.from(body), address: '' });
    }
    expect(await ingest.rows()).toMatchObject([
      { event_id: 'evt_false', state: 'ignored', reason: 'livemode_mismatch' },
      { event_id: 'evt_true', state: 'received', reason: null },
    ]);
  });

  it('that is thin is stored with the account that its context names', async () => {
    const body = JSON.stringify({
      id: 'evt_thin',
      object: 'v2.core.event',
      type: 'v2.core.account.updated',
      created: '2026-11-20T10:00:00.000Z',
      livemode: false,
      context: 'acct_9',
      related_object: { id: 'acct_9', type: 'v2.core.account', url: '/v2/core/accounts/acct_9' },
    });
    expect((await ingest.deliver(body, signed(body))).status).toBe(200);
    expect(await ingest.rows()).toMatchObject([{ event_id: 'evt_thin', account: 'acct_9', api_version: null }]);
  });
});

describe('what is verified, but no event, is 400 and not written:', () => {
  it.each([
    ['nothing', ''],
    ['no JSON', '{"id":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no id', eventBody('x', { id: undefined })],
    ['an id that is a number', eventBody('x', { id: 7 })],
    ['an id with NUL', eventBody('evt_\u0000')],
    ['an endless id', eventBody('e'.repeat(300))],
    ['no type', eventBody('x', { type: undefined })],
    ['no mode', eventBody('x', { livemode: 'false' })],
    ['another object', eventBody('x', { object: 'charge' })],
    ['a time that is none', eventBody('x', { created: 'yesterday' })],
  ])('%s', async (_, body) => {
    expect(await ingest.deliver(body, signed(body))).toMatchObject({
      status: 400,
      json: { code: 'webhook_body_invalid' },
    });
    expect(await ingest.rows()).toEqual([]);
  });
});

describe('a body', () => {
  it('may have 1 MiB and not a byte more, whatever its signature', async () => {
    const frame = eventBody('evt_large', { note: '' });
    const most = eventBody('evt_large', { note: 'x'.repeat(1_048_576 - frame.length) });
    expect(most).toHaveLength(1_048_576);
    expect((await ingest.deliver(most, signed(most))).status).toBe(200);
    const [row] = await ingest.rows();
    const opened = await ingest.parts.keys.openInbox({ processor: 'stripe', eventId: 'evt_large' }, row?.sealed ?? '');
    expect(opened.body.toString()).toBe(most);
    const more = `${most} `;
    expect(await ingest.deliver(more, signed(more))).toMatchObject({ status: 413, json: { code: 'body_too_large' } });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/cloudevents+json', ''])(
    'of type "%s" is 415',
    async (type) => {
      const body = eventBody('evt_type');
      const status = await new Promise<number>((resolve, reject) => {
        const headers = { 'stripe-signature': signed(body), ...(type && { 'content-type': type }) };
        const sent = request(`${ingest.url}/webhooks/stripe`, { method: 'POST', headers }, (reply) => {
          reply.resume();
          resolve(reply.statusCode ?? 0);
        });
        sent.on('error', reject).end(body);
      });
      expect(status).toBe(415);
      expect(await ingest.rows()).toEqual([]);
    },
  );

  it('that comes too slowly is 408, and its sender is hung up on', async () => {
    const body = eventBody('evt_slow');
    const { hostname, port } = new URL(ingest.url);
    const before = (await outcomes()).request_timeout ?? 0;
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname);
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.write(
        `POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nStripe-Signature: ${signed(body)}\r\n` +
          `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`,
      );
      let at = 0;
      const trickle = setInterval(() => socket.write(body[at++] ?? ''), 50);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        clearInterval(trickle);
        resolve(text);
      });
    });
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect((await outcomes()).request_timeout).toBe(before + 1);
    expect(await ingest.rows()).toEqual([]);
  });
});

describe('a route', () => {
  it.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'])('that takes POST is 405 for %s, and says so', async (method) => {
    for (const path of ['/webhooks/stripe', '/webhooks/stripe/connect']) {
      const reply = await fetch(ingest.url + path, { method });
      expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST']);
    }
  });

  it.each(['/', '/webhooks', '/webhooks/adyen', '/webhooks/stripe/x/y', '/webhooks/stripe/'])(
    'that is not there is 404: %s',
    async (path) => {
      const body = eventBody('evt_route');
      expect((await ingest.deliver(body, signed(body), path)).status).toBe(404);
    },
  );

  it.each([
    '/webhooks/stripe/nobody',
    '/webhooks/stripe/acct_',
    '/webhooks/stripe/acct_1%00',
    '/webhooks/stripe/..%2f',
  ])('of an endpoint that there cannot be is 404: %s', async (path) => {
    const body = eventBody('evt_route');
    expect((await ingest.deliver(body, signed(body), path)).status).toBe(404);
    expect(await ingest.rows()).toEqual([]);
  });

  it('for the health of the process is there', async () => {
    for (const path of ['/healthz', '/readyz']) expect((await fetch(ingest.url + path)).status).toBe(200);
    expect(await ingest.metrics()).toContain('billing_webhook_events_unfinished{state="quarantined"');
  });
});

/** Headers as somebody would make them up, some of them almost right. */
const headers = fc.oneof(
  fc.string({ maxLength: 300 }),
  fc.string({ unit: fc.constantFrom(...'t=,v01 f9-'), maxLength: 200 }),
  fc
    .record({ t: fc.oneof(fc.integer(), fc.double(), fc.string({ maxLength: 9 })), v: fc.string({ maxLength: 80 }) })
    .map(({ t, v }) => `t=${t},v1=${v}`),
  fc.constantFrom('t=1,v1=', 't=,v1=', 'v1=,t=', `t=${Math.floor(Date.now() / 1_000)},v1=${'0'.repeat(64)}`),
);

describe('whatever is sent', () => {
  const statusOf = (body: Buffer, header: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request(`${ingest.url}/webhooks/stripe`, { method: 'POST' }, (reply) => {
        reply.resume();
        resolve(reply.statusCode ?? 0);
      });
      sent.on('error', reject);
      sent.setHeader('content-type', 'application/json');
      // What no client can send is no case: Node refuses it before it leaves.
      sent.setHeader(
        'stripe-signature',
        Buffer.from(header, 'latin1')
          .toString('latin1')
          .replaceAll(/[^\x20-\x7e\x80-\xff\t]/g, '?'),
      );
      sent.end(body);
    });

  it('as a header, it is 400 and nothing is written', async () => {
    await fc.assert(
      fc.asyncProperty(headers, fc.uint8Array({ maxLength: 200 }), async (header, bytes) => {
        expect(await statusOf(Buffer.from(bytes), header)).toBe(400);
      }),
      { numRuns: 400 },
    );
    expect(await ingest.rows()).toEqual([]);
  });

  it('as a body under a right signature, it is 400 and nothing is written, or it is an event', async () => {
    const events = fc
      .record(
        {
          id: fc.oneof(fc.constant('evt_fuzz'), fc.jsonValue()),
          object: fc.oneof(fc.constantFrom('event', 'v2.core.event'), fc.jsonValue()),
          type: fc.oneof(fc.constant('charge.updated'), fc.jsonValue()),
          created: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
          livemode: fc.oneof(fc.boolean(), fc.jsonValue()),
          account: fc.oneof(fc.constant('acct_1'), fc.jsonValue()),
          api_version: fc.jsonValue(),
          data: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((event) => Buffer.from(JSON.stringify(event)));
    const bodies = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      events,
    );
    const before = await outcomes();
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        expect([200, 400]).toContain(await statusOf(body, signed(body)));
      }),
      { numRuns: 400 },
    );
    const { webhook_body_invalid: refused = 0, ...others } = await outcomes();
    expect(refused - (before.webhook_body_invalid ?? 0)).toBeGreaterThan(100);
    expect((await ingest.rows()).length).toBe((others.stored ?? 0) - (before.stored ?? 0));
  });

  it('none of it, nor the secret, nor a signature is in any log line', async () => {
    const body = eventBody('evt_log', { data: { object: { note: 'hush-in-the-body' } } });
    const header = signed(body);
    await ingest.deliver(body, header);
    await ingest.deliver(body, `${header.slice(0, -4)}beef`);
    await ingest.deliver(`${body}hush-behind-it`, signed(`${body}hush-behind-it`));
    await ingest.deliver('hush-no-json', signed('hush-no-json'));
    const logged = ingest.logged();
    expect(logged).toContain('webhook_signature_invalid');
    expect(logged).toContain('webhook_body_invalid');
    for (const hidden of ['hush', secret, header, header.slice(-64), 'whsec_', 'v1='])
      expect(logged).not.toContain(hidden);
  });
});
