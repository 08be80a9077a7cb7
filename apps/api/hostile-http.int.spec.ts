import type { Action } from '#access';
import { actions } from '#access';

import { hostileForms } from '../../test/raw-http/hostile-forms.js';
import { talk } from '../../test/raw-http/index.js';
import type { RunningApi, TestTenant } from './testing/running-api.js';
import { startApi } from './testing/running-api.js';

let api: RunningApi;
let tenant: TestTenant;
beforeAll(async () => {
  api = await startApi();
  tenant = await api.tenant();
});
afterAll(() => api.close());

/** As somebody who may send what is meant: what is wrong with it is its form alone. */
const withToken = (bytes: string) => bytes.replace('Host: a', `Host: a\r\nAuthorization: Bearer ${tenant.token}`);
const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;

describe('what no honest client sends', () => {
  it.each(hostileForms('/v1/customers'))('is refused, and nothing after it is read: $name', async (form) => {
    const { statuses, text, closedAfterMs } = await talk(api.url, withToken(form.bytes));
    expect(statuses).toEqual([form.status]);
    expect(text).toContain(`"code":"${form.code}"`);
    expect(text.toLowerCase()).toContain('\r\nx-content-type-options: nosniff\r\n');
    expect(closedAfterMs).toBeDefined();
  });

  it('is not let in by a good token either, and writes nothing', async () => {
    const before = await api.written();
    const behind = (key: string) => {
      const body = JSON.stringify({ email: `${key}@example.com` });
      return `${head(
        'POST /v1/customers HTTP/1.1',
        'Host: b',
        `Authorization: Bearer ${tenant.token}`,
        'Content-Type: application/json',
        `Idempotency-Key: ${key}`,
        `Content-Length: ${body.length}`,
      )}${body}`;
    };
    for (const [at, form] of hostileForms('/v1/customers').entries()) {
      const { statuses } = await talk(api.url, withToken(form.bytes) + behind(`smuggled-${at}`), { patienceMs: 1_000 });
      expect([form.name, statuses.filter((status) => status < 400)]).toEqual([form.name, []]);
    }
    await new Promise((resolve) => setTimeout(resolve, 300)); // what would be done behind an answer would be by now
    expect(await api.written()).toEqual(before);
  });

  it('is nobody’s body that breaks off: it is refused for its sender, and the connection is closed', async () => {
    const start = ['POST /v1/customers HTTP/1.1', 'Host: a', 'Content-Type: application/json'];
    const bytes = `${head(...start, 'Transfer-Encoding: chunked')}1\r\n{}\r\n0\r\n\r\n`;
    const { statuses, closedAfterMs } = await talk(api.url, bytes);
    expect(statuses).toEqual([401]);
    expect(closedAfterMs).toBeLessThan(8_000);
  });

  it('is two hundred requests that wait on one connection: what follows the 64th of them is refused at once', async () => {
    const ask = 'GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n';
    const { statuses, text, closedAfterMs } = await talk(api.url, ask.repeat(200));
    expect(statuses).toEqual([...Array.from({ length: 65 }, () => 200), 429]);
    expect(text).toContain('"code":"too_many_waiting"');
    expect(closedAfterMs).toBeDefined();
  });
});

describe('a browser on a page of somebody else', () => {
  const origin = 'https://evil.example';
  const routes = Object.values<Action>(actions).flatMap(({ route }) => (route ? [route.split(' ')] : []));

  const pages = ['/checkout/:token', '/checkout', '/checkout/return'];

  it.each(routes)('is given no leave to %s %s', async (method = '', path = '') => {
    const preflight = await fetch(`${api.url}${path}`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,idempotency-key',
        'access-control-request-private-network': 'true',
      },
    });
    expect(preflight.status).toBe(405);
    const simple = await fetch(`${api.url}${path}`, {
      method,
      headers: { origin, authorization: `Bearer ${tenant.token}` },
    });
    const isPage = pages.includes(path); // whose own headers test/checkout looks at
    for (const [{ headers }, ofPage] of [
      [preflight, false],
      [simple, isPage],
    ] as const) {
      expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      const policy = headers.get('content-security-policy')?.split(/; ?/) ?? [];
      expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "frame-ancestors 'none'"]));
      if (!ofPage) expect(policy).toHaveLength(2);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe(ofPage ? 'strict-origin' : 'no-referrer');
      expect(headers.get('permissions-policy')).toContain('geolocation=()');
      expect(headers.get('strict-transport-security')).toBeNull(); // plain HTTP on loopback
      expect(headers.get('x-powered-by')).toBeNull();
    }
    await Promise.all([preflight.text(), simple.text()]);
  });

  it('gets the same headers with what the router cannot read', async () => {
    const { headers, status } = await fetch(`${api.url}/v1/payments/%zz`, { headers: { origin } });
    expect([status, headers.get('x-content-type-options')]).toEqual([400, 'nosniff']);
  });
});
