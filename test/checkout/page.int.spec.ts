import { randomBytes } from 'node:crypto';

import { callOver } from '../../apps/api/testing/call.js';
import { changeLog } from '../database/change-log.js';
import type { OpenPage } from './shop.js';
import { Shop } from './shop.js';

let shop: Shop;
let page: OpenPage;
beforeAll(async () => {
  shop = await Shop.open();
  page = await shop.page({ successUrl: 'https://shop.example/thanks' });
});
afterAll(() => shop?.close());

const get = (path: string) => fetch(`${shop.url}${path}`, { redirect: 'manual' });
const browser = () => callOver(shop.url, { origin: shop.url });

describe('the page', () => {
  it("lets nothing run but its own scripts and the processor's, under a nonce of its own", async () => {
    const answers = await Promise.all([get(`/checkout/${page.token}`), get(`/checkout/${page.token}`)]);
    const nonces = answers.map(
      ({ headers }) => /'nonce-([\w-]{22})'/.exec(headers.get('content-security-policy') ?? '')?.[1],
    );
    expect(new Set(nonces).size).toBe(2);
    const [answer] = answers;
    const stripe = new URL(shop.bench.sandbox.url).origin;
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-security-policy')?.split('; ')).toEqual([
      "default-src 'none'",
      `script-src 'nonce-${nonces[0]}' ${stripe}`,
      `style-src 'nonce-${nonces[0]}'`,
      `frame-src ${stripe}`,
      `connect-src 'self' ${stripe}`,
      "img-src 'self'",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
      'report-uri /checkout/csp-reports',
    ]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'strict-origin',
      'permissions-policy': expect.stringContaining(`payment=(self "${stripe}")`) as string,
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'reporting-endpoints': 'csp="/checkout/csp-reports"',
    });
    const html = await answer.text();
    expect(html).toContain(`nonce="${nonces[0]}"`);
    expect(html).toContain(`${stripe}/endive/stripe.js`);
    expect(html).toContain('pk_test_sandbox');
    expect(html).not.toContain('sk_test');
  });

  it('says that it does not exist where the link was cut off', async () => {
    const answer = await get('/checkout');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    expect(await answer.text()).toContain('This page does not exist');
  });

  it('changes the headers of no other answer', async () => {
    const other = await get('/v1/payments');
    expect(other.headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
    expect(other.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('has files that never change under their names, and no others', async () => {
    const html = await (await get(`/checkout/${page.token}`)).text();
    const files = [...html.matchAll(/"(\/checkout\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const answer = await get(file);
      expect([file, answer.status, answer.headers.get('cache-control')]).toEqual([
        file,
        200,
        'public, max-age=31536000, immutable',
      ]);
    }
    for (const path of ['/checkout/assets/x.js', '/checkout/assets/..%2findex.ts', '/checkout/assets/constructor'])
      expect((await get(path)).status).toBe(404);
  });
});

describe('a link that is not ours', () => {
  /** Each is one letter, one part or one tenant off. */
  const forged = async (): Promise<Record<string, string>> => {
    const bytes = Buffer.from(page.token, 'base64url');
    const other = Buffer.from((await shop.page()).token, 'base64url');
    const stranger = await shop.bench.database.addTenant();
    const part = (tenant: Buffer, session: Buffer, secret: Buffer) =>
      Buffer.concat([tenant.subarray(0, 16), session.subarray(16, 32), secret.subarray(32)]).toString('base64url');
    const strange = Buffer.concat([Buffer.from(stranger.replaceAll('-', ''), 'hex'), bytes.subarray(16)]);
    const flipped = (at: number) => {
      const copy = Buffer.from(bytes);
      copy[at] = (copy[at] ?? 0) ^ 1;
      return copy.toString('base64url');
    };
    return {
      'the secret of another session': part(bytes, bytes, other),
      'the session of another secret': part(bytes, other, bytes),
      'another tenant': strange.toString('base64url'),
      'a tenant that there is not': flipped(3),
      'another session': flipped(20),
      'one bit of the secret': flipped(63),
      'no secret': part(bytes, bytes, Buffer.alloc(64)),
      'the platform’s own tenant': part(Buffer.from('00000000000040008000000000000000', 'hex'), bytes, bytes),
      truncated: page.token.slice(0, -1),
      extended: `${page.token}A`,
      'in upper case': page.token.toUpperCase(),
      'another spelling of the same bytes': `${page.token.slice(0, -1)}${page.token.endsWith('A') ? 'B' : 'A'}`,
      'base64 with padding': `${page.token}==`,
      'an id': page.session.id,
      random: randomBytes(64).toString('base64url'),
      long: 'A'.repeat(4_000),
      'with an end of a line': `${page.token}%0a`,
    };
  };
  const counts = async (): Promise<string | undefined> => {
    const { rows } = await shop.bench.database.admin.query<{ events: string }>(
      "select count(*) as events from billing.event where stream_id not like 'access-%'",
    );
    return rows[0]?.events;
  };
  const alike = (text: string) => text.replaceAll(/[\w-]{22}(?=["'])|"requestId":"[^"]+"/g, '');

  it('is told one and the same, whatever is wrong with it, and does nothing', async () => {
    const links = await forged();
    const before = await counts();
    const seen = new Set<string>();
    for (const [what, token] of Object.entries(links)) {
      const [shown, status, confirmed] = await Promise.all([
        get(`/checkout/${token}`),
        get(`/checkout/${token}/status`),
        browser()('POST', `/checkout/${token}/confirm`, { body: { confirmationToken: 'ctoken_1' } }),
      ]);
      expect([what, shown.status, status.status, confirmed.status]).toEqual([what, 404, 404, 404]);
      const texts = [alike(await shown.text()), alike(await status.text()), alike(confirmed.text)];
      seen.add(JSON.stringify(texts));
    }
    expect([...seen]).toHaveLength(1);
    const [only = ''] = seen;
    expect(only).not.toContain(shop.bench.tenantId);
    expect(await counts()).toEqual(before);
  });
});

describe('what the page sends', () => {
  it('is taken from the page itself alone', async () => {
    const path = `/checkout/${page.token}/confirm`;
    for (const origin of ['', 'null', 'https://evil.example', `${shop.url}.evil.example`, shop.bench.sandbox.url]) {
      const reply = await callOver(shop.url, {})('POST', path, {
        body: { confirmationToken: 'ctoken_1' },
        headers: { origin },
      });
      expect([origin, reply.status, reply.json.code]).toEqual([origin, 403, 'origin_refused']);
    }
  });

  it('is JSON, and a token of the processor', async () => {
    const path = `/checkout/${page.token}/confirm`;
    const form = await fetch(`${shop.url}${path}`, {
      method: 'POST',
      headers: { origin: shop.url },
      body: new URLSearchParams({ confirmationToken: 'ctoken_1' }),
    });
    expect(form.status).toBe(415);
    for (const body of [
      {},
      { confirmationToken: 'pm_card_visa' },
      { confirmationToken: ['ctoken_1'] },
      { confirmationToken: 'ctoken_1', amount: 1 },
    ])
      expect((await browser()('POST', path, { body })).status).toBe(400);
  });

  it.each(['4242424242424242', '4242 4242 4242 4242', '5555-5555-5555-4444'])(
    'is refused with a card number in it: %s',
    async (number) => {
      const reply = await page.confirm(`ctoken_${number}`);
      expect([reply.status, reply.json.code]).toEqual([422, 'raw_card_data']);
      expect(reply.text).not.toContain(number);
      const extra = await browser()('POST', `/checkout/${page.token}/confirm`, {
        body: { confirmationToken: 'ctoken_1', note: { [number]: 1 } },
      });
      expect(extra.status).toBe(422);
    },
  );

  it('has no idempotency key, and is counted: too many confirmations of one page are too many', async () => {
    const busy = await shop.page({ expiresInMinutes: 5 });
    await shop.merchant.post(`/v1/checkout-sessions/${busy.session.id}/expire`);
    const replies: number[] = [];
    for (let n = 0; n < 12; n += 1) replies.push((await busy.confirm(`ctoken_${n}`)).status);
    expect(replies.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 410));
    expect(replies.slice(10)).toEqual([429, 429]);
    expect((await busy.status()).status).toBe(200);
  });
});

describe('a suspended tenant', () => {
  it('has pages that say that nothing can be paid now, and confirms nothing', async () => {
    const { admin } = shop.bench.database;
    await admin.query('update billing.tenant set suspended_at = now() where id = $1', [shop.bench.tenantId]);
    try {
      await new Promise((resolve) => setTimeout(resolve, 1_100)); // doors look once a second
      const reply = await page.confirm('ctoken_1');
      expect([reply.status, reply.json.code]).toEqual([403, 'tenant_suspended']);
      const shown = await get(`/checkout/${page.token}`);
      expect(shown.status).toBe(403);
      expect(await shown.text()).not.toContain('stripe.js');
      expect((await page.status()).json).toEqual({ status: 'open' });
    } finally {
      await admin.query('update billing.tenant set suspended_at = null where id = $1', [shop.bench.tenantId]);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
    }
  });
});

describe('reports of the policy', () => {
  const send = (type: string, body: unknown) =>
    fetch(`${shop.url}/checkout/csp-reports`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const counted = async (): Promise<Record<string, number>> => {
    const text = await (await get('/metrics')).text();
    return Object.fromEntries(
      [...text.matchAll(/csp_reports_total\{directive="([^"]+)"\S* (\d+)/g)].map(([, directive, n]) => [
        String(directive),
        Number(n),
      ]),
    );
  };

  it('are taken in both forms and counted by directive, whatever else they say', async () => {
    const old = {
      'csp-report': { 'violated-directive': 'script-src-elem https://x', 'blocked-uri': 'https://evil.example/a?b' },
    };
    const report = {
      type: 'csp-violation',
      body: { effectiveDirective: 'frame-src', blockedURL: 'https://evil.example/' },
    };
    const statuses = [
      (await send('application/csp-report', old)).status,
      (await send('application/reports+json', [report, report, { type: 'crash', body: {} }])).status,
      (await send('application/csp-report', { 'csp-report': { 'effective-directive': 'x"} 1\nevil' } })).status,
      (await send('application/csp-report', 'not json')).status,
    ];
    expect(statuses).toEqual([204, 204, 204, 204]);
    expect(await counted()).toEqual({ 'script-src-elem': 1, 'frame-src': 2, other: 1 });
  });

  it('are bounded, and of no other form; their form is taken nowhere else', async () => {
    expect((await send('application/csp-report', 'x'.repeat(20_000))).status).toBe(413);
    expect((await send('text/plain', '{}')).status).toBe(415);
    const elsewhere = await shop.merchant.post('/v1/payments', '{}', { 'content-type': 'application/csp-report' });
    expect(elsewhere.status).toBe(415);
  });
});

describe('wrong links', () => {
  it('are counted by network, and keep nobody there from a page of theirs; whoever opens a page is shown one', async () => {
    const other = await Shop.open({ RATE_LIMIT_CHECKOUT: '5/60' });
    try {
      const { session } = await other.page();
      const statuses: number[] = [];
      for (let n = 0; n < 7; n += 1) statuses.push((await fetch(`${other.url}/checkout/${'A'.repeat(86)}`)).status);
      expect(statuses).toEqual([404, 404, 404, 404, 404, 429, 429]);
      const refused = await fetch(`${other.url}/checkout/x`);
      expect([refused.status, refused.headers.get('content-type')]).toEqual([429, 'text/html; charset=utf-8']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.text()).toContain('opened too often');
      for (let n = 0; n < 7; n += 1) expect((await fetch(session.url)).status).toBe(200);
      expect((await fetch(`${session.url}/status`)).status).toBe(200);
    } finally {
      await other.close();
    }
  });
});

describe('where a bank sends payers back to', () => {
  it('is one page for everybody, and shows nothing of a session', async () => {
    const answer = await get('/checkout/return');
    expect(answer.status).toBe(200);
    const html = await answer.text();
    expect(html).toContain('Back to your payment');
    expect(html).not.toContain(page.token);
    expect(html).not.toContain('<script');
  });
});

describe('a link of long ago', () => {
  it('tells only that it is over', async () => {
    const old = await shop.page({ successUrl: 'https://shop.example/thanks?for=ada', orderId: 'order-77' });
    const { admin } = shop.bench.database;
    const past = new Date(Date.now() - 8 * 24 * 3_600_000).toISOString();
    await changeLog(
      admin,
      `update billing.event set data = replace(data, $2, $3) where stream_id = 'checkout_session-' || $1`,
      [old.session.id, old.session.expiresAt, past],
    );
    const answer = await fetch(old.session.url);
    const html = await answer.text();
    expect([answer.status, html.includes('This page is over')]).toEqual([410, true]);
    for (const word of ['shop.example', 'order-77', '19.99']) expect(html).not.toContain(word);
  });
});
