import { hostileForms } from '../../test/raw-http/hostile-forms.js';
import { talk } from '../../test/raw-http/index.js';
import type { RunningIngest } from './testing/running-ingest.js';
import { eventBody, signed, startIngest } from './testing/running-ingest.js';

let ingest: RunningIngest;
beforeAll(async () => {
  ingest = await startIngest({ requestTimeoutMs: 400, environment: { RATE_LIMIT_DENIED: '20/1' } });
}, 60_000);
afterAll(() => ingest.close());

const head = [
  'POST /webhooks/stripe HTTP/1.1',
  'Host: a',
  'Content-Type: application/json',
  'Content-Length: 100',
  '\r\n',
].join('\r\n');

describe('what no honest client sends', () => {
  it.each(hostileForms('/webhooks/stripe'))('is refused, and nothing after it is read: $name', async (form) => {
    const { statuses, text, closedAfterMs } = await talk(ingest.url, form.bytes);
    expect(statuses).toEqual([form.status]);
    expect(text).toContain(`"code":"${form.code}"`);
    expect(closedAfterMs).toBeDefined();
  });

  it.each([
    ['headers', Array.from(head)],
    ['body', [head, ...Array.from({ length: 100 }, () => ' ')]],
    ['nothing at all', []],
  ])('is %s that come too slowly: 408', async (_, pieces) => {
    const { statuses, closedAfterMs } = await talk(ingest.url, pieces, { everyMs: 40 });
    expect(statuses).toEqual([408]);
    expect(closedAfterMs).toBeLessThan(3_500); // all of it would take 4 s
  });

  it('does not keep others out, two hundred connections of it at once', async () => {
    const slow = Array.from({ length: 200 }, () => talk(ingest.url, Array.from(head), { everyMs: 50 }));
    const body = eventBody('evt_meanwhile');
    expect((await ingest.deliver(body, signed(body))).status).toBe(200);
    for (const { statuses } of await Promise.all(slow)) expect(statuses).toEqual([408]);
  });
});

describe('a browser', () => {
  it('is given no leave by a page of somebody else, and runs nothing of ours', async () => {
    const url = `${ingest.url}/webhooks/stripe`;
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    for (const reply of [
      await fetch(url, { method: 'OPTIONS', headers }),
      await fetch(url, { method: 'POST', headers }),
    ]) {
      expect([...reply.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(reply.headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
      expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });
});

describe('a network whose deliveries keep not verifying', () => {
  it('is not listened to for a moment; health is answered all the same', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_000)); // what came before is forgotten
    const statuses: number[] = [];
    for (let at = 0; at < 25; at += 1)
      statuses.push((await ingest.deliver(eventBody('evt_x'), 't=1,v1=00', '/webhooks/stripe/acct_1')).status);
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 400));
    const body = eventBody('evt_good');
    const refused = await ingest.deliver(body, signed(body));
    expect(refused).toMatchObject({ status: 429, json: { code: 'rate_limited' } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect((await fetch(`${ingest.url}/healthz`)).status).toBe(200);
    expect(await ingest.metrics()).toMatch(/billing_webhook_refusals_total\{code="rate_limited".*\} [1-9]/);
    const deadline = Date.now() + 5_000;
    let status = 429;
    while (status === 429 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      ({ status } = await ingest.deliver(body, signed(body)));
    }
    expect(status).toBe(200);
  });
});
