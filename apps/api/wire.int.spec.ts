import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';

import { expectProblem } from './testing/expect-problem.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi } from './testing/running-api.js';

let api: RunningApi;
let tenant: TestTenant;

beforeAll(async () => {
  api = await startApi();
  tenant = await api.tenant();
});
afterAll(() => api.close());

/** Sends bytes on one connection and gives all that comes back until the server hangs up. */
const raw = (bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(api.url);
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => {
      resolve(answer);
    });
    socket.on('error', reject);
  });

const lines = (...parts: string[]) => `${parts.join('\r\n')}\r\n\r\n`;
const postCustomer = (body: string, headers: string[], last = true): string =>
  lines(
    'POST /v1/customers HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${tenant.token}`,
    'Content-Type: application/json',
    'Prefer: wait=0',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(last ? ['Connection: close'] : []),
    ...headers,
  ) + body;

describe('routes', () => {
  it('that do not exist are 404, whatever is sent to them', async () => {
    for (const path of [
      '/',
      '/v1',
      '/v1/payouts',
      '/v1/payments/',
      `/v1/payments/${randomUUID()}/`,
      '/v1/PAYMENTS',
      '//v1/payments',
      '/v1/payments/../customers/x/y',
    ]) {
      expectProblem(await tenant.get(path), 404, 'route_not_found');
      expectProblem(await tenant.post(path, 'not json', { 'content-type': 'text/plain' }), 404, 'route_not_found');
      expectProblem(await tenant.post(path, 'x'.repeat(70_000)), 404, 'route_not_found');
    }
  });

  it('that exist for other methods are 405 and say which', async () => {
    for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND']) {
      const reply = await tenant.call(method, '/v1/payments');
      expectProblem(reply, 405, 'method_not_allowed');
      expect(reply.headers.get('allow')).toBe('GET, HEAD, POST');
    }
    expect((await tenant.get(`/v1/payments/${randomUUID()}/capture`)).headers.get('allow')).toBe('POST');
    expectProblem(
      await tenant.post('/v1/balances', 'not json', { 'content-type': 'text/xml' }),
      405,
      'method_not_allowed',
    );
    expect(await raw(lines('TRACE /v1/payments HTTP/1.1', 'Host: x', 'Connection: close'))).toMatch(/^HTTP\/1.1 405 /);
  });

  it('answer HEAD as GET without the body', async () => {
    const [head, get] = [await tenant.call('HEAD', '/v1/payments'), await tenant.get('/v1/payments')];
    expect([head.status, head.text, head.headers.get('content-length')]).toEqual([200, '', String(get.text.length)]);
    expect((await tenant.call('HEAD', `/v1/payments/${randomUUID()}`)).status).toBe(404);
  });

  it('name no thing by an id that is none', async () => {
    for (const id of [
      '1',
      '%00',
      'ü',
      '💳',
      '..%2f..%2fetc',
      'x'.repeat(8_000),
      '%27%20or%201=1--',
      `${randomUUID()}%0a`,
    ])
      for (const [path, code] of [
        ['payments', 'payment_not_found'],
        ['refunds', 'refund_not_found'],
        ['disputes', 'dispute_not_found'],
        ['customers', 'customer_not_found'],
        ['payment-methods', 'payment_method_not_found'],
      ] as const) {
        const reply = await tenant.get(`/v1/${path}/${encodeURI(id).replaceAll('%25', '%')}`);
        expectProblem(reply, 404, code, 'id');
      }
    expectProblem(await tenant.get('/v1/payments/%zz'), 400, 'malformed_url');
    expectProblem(await tenant.get('/v1/payments/%c3%28'), 400, 'malformed_url');
  });
});

describe('headers', () => {
  it('that come twice are refused where two would be ambiguous', async () => {
    const before = await api.written();
    const body = '{"email":"ada@example.com"}';
    const twice = await raw(postCustomer(body, ['Idempotency-Key: a', 'Idempotency-Key: b']));
    expect(twice).toMatch(/^HTTP\/1.1 400 /);
    expect(twice).toContain('"code":"malformed_request"');
    const tenants = [`Billing-Tenant: ${tenant.id}`, `Billing-Tenant: ${randomUUID()}`, 'Idempotency-Key: a'];
    expect(await raw(postCustomer(body, tenants))).toContain('"code":"malformed_request"');
    const tokens = ['authorization: Bearer of.somebody.else', 'Idempotency-Key: a']; // the other is a good one
    expect(await raw(postCustomer(body, tokens))).toContain('a request has one authorization header at most');
    const lengths = await raw(postCustomer(body, ['Content-Length: 3', 'Idempotency-Key: a']));
    expect(lengths).toContain('"code":"malformed_request"');
    const smuggled = await raw(postCustomer(body, ['Transfer-Encoding: chunked', 'Idempotency-Key: a']));
    expect(smuggled).toContain('"code":"malformed_request"');
    expect(await api.written()).toEqual(before);
  });

  it('that are too large, and what is no HTTP, are problems too', async () => {
    for (const [bytes, status, code] of [
      [lines('GET /v1/payments HTTP/1.1', 'Host: x', `X: ${'x'.repeat(20_000)}`), 431, 'headers_too_large'],
      ['nonsense\r\n\r\n', 400, 'malformed_request'],
      [lines('GET /v1/payments HTTP/1.1', 'Host: x', 'Bad header'), 400, 'malformed_request'],
    ] as const) {
      const [head = '', body = ''] = (await raw(bytes)).split('\r\n\r\n');
      expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(head).toContain('Content-Type: application/problem+json');
      const problem = JSON.parse(body) as { code: string; requestId: string };
      expect(problem.code).toBe(code);
      expect(head).toContain(`Request-Id: ${problem.requestId}`);
    }
  });

  it('of ours are never made of what a caller sent', async () => {
    const injected = 'a\r\nSet-Cookie: x=1';
    const reply = await tenant.post(
      '/v1/customers',
      { email: 'b@example.com' },
      { 'request-id': 'mine', 'x-request-id': 'mine' },
    );
    expect(reply.headers.get('request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(reply.headers.get('location')).toMatch(/^\/v1\/customers\/[0-9a-f-]{36}$/);
    expectProblem(
      await tenant.post('/v1/payments', { amount: 500, currency: 'usd', customerId: reply.json.id, orderId: injected }),
      400,
      'invalid_field',
      'orderId',
    );
    const order = await tenant.get(`/v1/payments?orderId=${encodeURIComponent(injected)}`);
    expect([order.status, order.headers.get('set-cookie')]).toEqual([400, null]);
  });
});

describe('one connection', () => {
  it('with pipelined repeats of a key makes one customer, and answers in order', async () => {
    const before = await api.written();
    const body = '{"email":"pipe@example.com"}';
    const request = (last: boolean) => postCustomer(body, ['Idempotency-Key: pipelined'], last);
    const answer = await raw(request(false) + request(false) + request(true));
    const statuses = [...answer.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(['201', '201', '201']);
    expect(answer.match(/idempotency-replayed: true/gi)).toHaveLength(2);
    expect(new Set([...answer.matchAll(/"id":"([^"]+)"/g)].map(([, id]) => id)).size).toBe(1);
    expect((await api.written()).events).toBe((before.events ?? 0) + 1);
  });

  it('whose body grows beyond the limit as it comes is cut off', async () => {
    const chunk = 'x'.repeat(70_000);
    const head = postCustomer('', ['Transfer-Encoding: chunked', 'Idempotency-Key: grows']).replace(
      'Content-Length: 0\r\n',
      '',
    );
    const answer = await raw(`${head}${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toContain('"code":"body_too_large"');
  });

  it('whose body ends too soon writes nothing', async () => {
    const before = await api.written();
    const { hostname, port } = new URL(api.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(postCustomer('{"email":"cut@example.com"}', ['Idempotency-Key: cut']).slice(0, -2), () =>
          socket.end(),
        );
      });
      socket.resume().on('close', () => {
        resolve();
      });
    });
    expect(await api.written()).toEqual(before);
  });
});

describe('what everybody may see', () => {
  it('is health, metrics, keys and documents, and no more', async () => {
    const paths = [
      '/healthz',
      '/readyz',
      '/metrics',
      '/docs',
      '/openapi.json',
      '/development-issuer/.well-known/jwks.json',
    ];
    for (const path of paths) expect([path, (await fetch(`${api.url}${path}`)).status]).toEqual([path, 200]);
    const jwks = await (await fetch(`${api.url}${paths[5] ?? ''}`)).text();
    expect(jwks).not.toContain('"d"');
  });

  it('is which kind of secret is overdue, and nothing else of what the gateway and the ingest hold', async () => {
    await api.database.admin.query(
      `insert into billing.processor_secret (processor, account, environment, kind, version, ciphertext, form, created_at)
       values ('stripe', '', 'test', 'api', 1, 'sealed', 'rk_test', now() - interval '91 days')`,
    );
    const until = Date.now() + 5_000;
    const standing = async () => (await (await fetch(`${api.url}/readyz`)).json()) as { status?: string };
    let ready = await standing();
    while (ready.status === 'ok' && Date.now() < until) ready = await standing();
    expect(ready).toEqual({
      status: 'degraded',
      warnings: [
        {
          code: 'api_key_overdue',
          message: expect.stringMatching(/^API keys .* 90 days: 1; billing secrets list/) as string,
        },
      ],
    });
  });
});
