import { randomUUID } from 'node:crypto';

import { changeLog } from '../../test/database/change-log.js';
import { expectProblem } from './testing/expect-problem.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi, tenantAt } from './testing/running-api.js';

let api: RunningApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

interface Line {
  position: string;
  type: string;
  streamId: string;
  tenantId: string;
}

const anyText = expect.any(String) as string;

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);

const addCustomer = async (tenant: TestTenant): Promise<string> =>
  (await tenant.post('/v1/customers', { email: `${randomUUID()}@example.com` })).json.id as string;

/** A connection to the stream, with what has come so far. */
interface Listener {
  status: number;
  body: () => Promise<string>;
  events: { id: string | undefined; name: string | undefined; data: Line & { code?: string } }[];
  raw: () => string;
  /** Resolves once `count` events have come. */
  has(count: number): Promise<void>;
  ended: Promise<void>;
  close(): void;
}

const listen = async (
  tenant: TestTenant,
  path = '/v1/events',
  headers: Record<string, string> = {},
): Promise<Listener> => {
  const controller = new AbortController();
  const response = await fetch(`${api.url}${path}`, {
    headers: { authorization: `Bearer ${tenant.token}`, accept: 'text/event-stream', ...headers },
    signal: controller.signal,
  });
  const events: Listener['events'] = [];
  let raw = '';
  let rest = '';
  const parse = (chunk: string): void => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      const data = field('data');
      if (data !== undefined) events.push({ id: field('id'), name: field('event'), data: JSON.parse(data) as Line });
    }
  };
  const read = async (): Promise<void> => {
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        raw += chunk;
        parse(chunk);
      }
    } catch {
      // closed by us, or cut
    }
  };
  const problem = response.status !== 200;
  const ended = problem ? Promise.resolve() : read();
  return {
    status: response.status,
    body: () => response.text(),
    events,
    raw: () => raw,
    has: async (count) => {
      const deadline = Date.now() + 5_000;
      while (events.length < count) {
        if (Date.now() > deadline) throw new Error(`${events.length} of ${count} events came: ${raw}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    ended,
    close: () => {
      controller.abort();
    },
  };
};

describe('GET /v1/events as lines', () => {
  it('are the events of the tenant, a page at a time, and say where to go on', async () => {
    const [tenant, other] = [await api.tenant(), await api.tenant()];
    for (let at = 0; at < 3; at += 1) await Promise.all([addCustomer(tenant), addCustomer(other)]);
    const all = linesOf((await tenant.get('/v1/events')).text);
    expect(all).toHaveLength(3);
    expect(new Set(all.map(({ tenantId }) => tenantId))).toEqual(new Set([tenant.id]));
    const paged: Line[] = [];
    let after = '';
    for (let pages = 0; pages < 10; pages += 1) {
      const reply = await tenant.get(`/v1/events?limit=2${after === '' ? '' : `&after=${after}`}`);
      expect(reply.headers.get('content-type')).toMatch('application/x-ndjson');
      const next = reply.headers.get('billing-position') ?? '';
      paged.push(...linesOf(reply.text));
      if (next === after) break;
      after = next;
    }
    expect(paged).toEqual(all);
  });

  it('have the data of the event with its type, who caused it and when', async () => {
    const tenant = await api.tenant();
    const customerId = await addCustomer(tenant);
    const { text } = await tenant.get('/v1/events');
    expect(JSON.parse(text)).toEqual({
      position: expect.stringMatching(/^\d+:\d+$/) as string,
      tenantId: tenant.id,
      streamId: `customer-${customerId}`,
      version: 1,
      eventId: anyText,
      type: 'CustomerCreated',
      schemaVersion: 1,
      metadata: {
        correlationId: anyText,
        causationId: anyText,
        actor: { type: 'person', subject: anyText },
      },
      recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
      data: { type: 'CustomerCreated', customerId, personal: anyText, at: anyText },
    });
  });

  it('are those of the types and of the stream that are asked for', async () => {
    const tenant = await api.tenant();
    const [first, second] = [await addCustomer(tenant), await addCustomer(tenant)];
    const body = { type: 'card', processorToken: 'pm_card_visa' };
    await tenant.post(`/v1/customers/${first}/payment-methods`, body);
    const types = async (query: string) =>
      linesOf((await tenant.get(`/v1/events?${query}`)).text).map(({ type }) => type);
    expect(await types('types=CustomerCreated')).toEqual(['CustomerCreated', 'CustomerCreated']);
    expect(await types('types=PaymentMethod*')).toEqual(['PaymentMethodAttachRequested']);
    expect(await types('types=Customer*,PaymentMethodAttach*&limit=3')).toHaveLength(3);
    expect(await types(`streamId=customer-${second}`)).toEqual(['CustomerCreated']);
    expect(await types(`streamId=customer-${second}&types=Refund*`)).toEqual([]);
    expect(await types(`streamId=customer-${randomUUID()}`)).toEqual([]);
    const stranger = await api.tenant();
    expect((await stranger.get(`/v1/events?streamId=customer-${second}`)).text).toBe('');
  });

  it('progress through what is not the tenant’s', async () => {
    const shard = 5;
    const [tenant, other] = await Promise.all(
      [0, 1].map(async () => {
        const id = await api.database.addTenant({ shard });
        return tenantAt(api.url, id, await api.tokenFor({ tenantId: id, mfa: true }));
      }),
    );
    for (let at = 0; at < 4; at += 1) await addCustomer(other as TestTenant);
    const { rows } = await api.database.admin.query<{ position: string }>(
      'select position from billing.log_head where shard = $1',
      [shard],
    );
    const reply = await tenant?.get('/v1/events');
    expect([reply?.text, reply?.headers.get('billing-position')]).toEqual(['', `${shard}:${rows[0]?.position}`]);
  });

  it('refuse what means nothing, and name it', async () => {
    const tenant = await api.tenant();
    await addCustomer(tenant);
    const { json } = await tenant.get('/v1/events');
    const [shard] = String(json.position).split(':');
    const wrong = async (query: string, code: string, field: string) => {
      expectProblem(await tenant.get(`/v1/events?${query}`), 400, code, field);
    };
    await wrong('types=PaymentCapturd', 'unknown_event_type', 'types');
    await wrong('types=Payment*,Foo*', 'unknown_event_type', 'types');
    expect((await tenant.get('/v1/events?types=Foo*')).json.detail).toContain('Foo*');
    await wrong('types=', 'invalid_field', 'types');
    await wrong('streamId=payment', 'invalid_field', 'streamId');
    await wrong('streamId=%00', 'invalid_field', 'streamId');
    await wrong('limit=1001', 'invalid_field', 'limit');
    await wrong(`after=${shard}:999999`, 'position_unknown', 'after');
    await wrong(`after=${(Number(shard) + 1) % 16}:0`, 'invalid_position', 'after');
    await wrong('follow=1', 'unknown_field', 'follow');
  });

  it('stop before an event that this release cannot read, and say which it is', async () => {
    const tenant = await api.tenant();
    const customerId = await addCustomer(tenant);
    await addCustomer(tenant);
    const at = String((await tenant.get(`/v1/events?streamId=customer-${customerId}`)).json.position);
    await changeLog(
      api.database.admin,
      `update billing.event set schema_version = 99 where tenant_id = $1 and stream_id <> $2`,
      [tenant.id, `customer-${customerId}`],
    );
    const before = await tenant.get('/v1/events');
    expect(linesOf(before.text).map(({ position }) => position)).toEqual([at]);
    expect(before.headers.get('billing-position')).toBe(at);
    const stuck = await tenant.get(`/v1/events?after=${at}`);
    expectProblem(stuck, 503, 'event_unreadable');
    expect(stuck.json.detail).toContain('CustomerCreated v99');
    const live = await listen(tenant);
    await live.ended;
    expect(live.events.map(({ name, data }) => name ?? data.position)).toEqual([at, 'problem']);
    expect(live.events[1]?.data).toMatchObject({ code: 'event_unreadable', status: 503 });
    expect((await listen(tenant, `/v1/events?after=${at}`)).status).toBe(503);
  });
});

describe('GET /v1/events as a stream', () => {
  it('gives what there is and then what comes, to its tenant alone', async () => {
    const [tenant, other] = [await api.tenant(), await api.tenant()];
    await addCustomer(tenant);
    const live = await listen(tenant);
    await live.has(1);
    await Promise.all([addCustomer(other), addCustomer(tenant)]);
    await addCustomer(tenant);
    await live.has(3);
    expect(live.raw()).toMatch(/^retry: 2000\n\n/);
    const lines = linesOf((await tenant.get('/v1/events')).text);
    expect(live.events.map(({ data }) => data)).toEqual(lines);
    expect(live.events.map(({ id }) => id)).toEqual(lines.map(({ position }) => position));
    live.close();
  });

  it('goes on after the id that the client has', async () => {
    const tenant = await api.tenant();
    for (let at = 0; at < 3; at += 1) await addCustomer(tenant);
    const positions = linesOf((await tenant.get('/v1/events')).text).map(({ position }) => position);
    const byHeader = await listen(tenant, `/v1/events?after=${positions[0]}`, {
      'last-event-id': String(positions[1]),
    });
    const byQuery = await listen(tenant, `/v1/events?after=${positions[1]}&types=Customer*`);
    for (const live of [byHeader, byQuery]) {
      await live.has(1);
      expect(live.events.map(({ id }) => id)).toEqual([positions[2]]);
      live.close();
    }
  });

  it('keeps up with many events, in order and without a gap', async () => {
    const tenant = await api.tenant();
    const live = await listen(tenant);
    await Promise.all(Array.from({ length: 300 }, () => addCustomer(tenant)));
    await live.has(300);
    const places = live.events.map(({ id }) => Number(id?.split(':')[1]));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(new Set(places).size).toBe(300);
    live.close();
  });

  it('refuses what means nothing', async () => {
    const tenant = await api.tenant();
    const status = async (path: string, headers = {}) => (await listen(tenant, path, headers)).status;
    expect(await status('/v1/events?types=Foo')).toBe(400);
    expect(await status('/v1/events?limit=5')).toBe(400);
    expect(await status('/v1/events', { 'last-event-id': 'yesterday' })).toBe(400);
    expect(await status('/v1/events', { authorization: 'Bearer x' })).toBe(401);
  });

  it('is a bounded number for a tenant, and a place is free again once one has ended', async () => {
    const tenant = await api.tenant();
    const open = await Promise.all(Array.from({ length: 20 }, () => listen(tenant)));
    expect(open.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    const refused = await listen(tenant);
    expect([refused.status, JSON.parse(await refused.body())]).toMatchObject([429, { code: 'too_many_streams' }]);
    open[0]?.close();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const again = await listen(tenant);
    expect(again.status).toBe(200);
    for (const live of [...open, again]) live.close();
  });

  it('ends with its token, and says so', async () => {
    const id = await api.database.addTenant();
    const token = await api.tokenFor({ tenantId: id, expiresInSeconds: 1 });
    const live = await listen(tenantAt(api.url, id, token));
    await live.ended;
    expect(live.events).toMatchObject([{ name: 'problem', data: { code: 'token_expired', status: 401 } }]);
  });
});

describe('a service that stops', () => {
  it('ends its streams, also one whose client takes nothing, and does not wait for them', async () => {
    const own = await startApi();
    const tenant = await own.tenant();
    for (let at = 0; at < 5; at += 1) await addCustomer(tenant);
    const answers = await Promise.all(
      [0, 1].map(() =>
        fetch(`${own.url}/v1/events`, {
          headers: { authorization: `Bearer ${tenant.token}`, accept: 'text/event-stream' },
        }),
      ),
    );
    const began = Date.now();
    const text = answers[0]?.text();
    await own.close();
    expect(Date.now() - began).toBeLessThan(5_000);
    expect((await text)?.match(/^id: /gm)).toHaveLength(5);
  });
});
