import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Issued } from './testing/authority.js';
import { clientCertificate, idOf, newAuthority, serverCertificate } from './testing/authority.js';
import { staying, until, visit } from './testing/visit.js';
import type { Who } from './testing/who.js';
import { listOf, startWho } from './testing/who.js';

let authority: Issued;
let shop: Issued;
let till: Issued;
let who: Who;
let services: string;
/** What the clock of the listeners is ahead of ours. */
let ahead = 0;

beforeAll(async () => {
  authority = await newAuthority();
  [shop, till] = await Promise.all([clientCertificate(authority, 'shop'), clientCertificate(authority, 'till')]);
  who = await startWho({ authority, allow: [idOf('shop'), idOf('till')], now: () => Date.now() + ahead });
  services = who.serviceUrl as string;
});
afterEach(() => {
  ahead = 0;
});
afterAll(() => who.close());

const fingerprintOf = async () => (await visit(who.url, { believes: authority })).fingerprint;
/** Writes a file, and waits until what it says holds. */
const change = async (name: string, content: string, setting: string): Promise<void> => {
  const uses = () => who.logged().filter((line) => line.setting === setting && line.level === 'info').length;
  const before = uses();
  await who.write(name, content);
  await until(`the use of ${name}`, () => Promise.resolve(uses() > before));
};

describe('while it runs', () => {
  it('takes a new certificate of its own for new connections, on both listeners, and open ones stay', async () => {
    const agent = staying({ shows: shop, believes: authority });
    const before = (await visit(services, { agent })).fingerprint;
    const next = await serverCertificate(authority);
    await who.write('key.pem', next.keyPem);
    await who.write('cert.pem', next.certificatePem);
    const after = await until('the change', async () => (await fingerprintOf()) !== before && fingerprintOf());
    expect((await visit(services, { shows: shop, believes: authority })).fingerprint).toBe(after);
    expect(await visit(services, { agent })).toMatchObject({ status: 200, fingerprint: before });
    agent.destroy();
  });

  it.each([
    ['a key of another certificate', 'key.pem', async () => (await serverCertificate(authority)).keyPem, 'TLS_CERT'],
    [
      'half a certificate',
      'cert.pem',
      async () => (await serverCertificate(authority)).certificatePem.slice(0, 300),
      'TLS_CERT',
    ],
    [
      'an expired one',
      'cert.pem',
      async () => (await serverCertificate(authority, { notAfter: new Date(Date.now() - 1_000) })).certificatePem,
      'TLS_CERT',
    ],
    ['authorities that are none', 'ca.pem', () => Promise.resolve(shop.certificatePem), 'TLS_CLIENT_CA'],
    ['a list with a line that names nobody', 'deny', () => Promise.resolve('shop\n'), 'TLS_CLIENT_DENY'],
  ])('keeps what it had when it is given %s, and says so', async (_, name, content, setting) => {
    const before = await readFile(who.file(name), 'utf8');
    const refusals = () => who.logged().filter((line) => line.setting === setting && line.level === 'error').length;
    const known = refusals();
    await who.write(name, await content());
    await until('the refusal', () => Promise.resolve(refusals() > known));
    expect((await visit(services, { shows: shop, believes: authority })).status).toBe(200);
    await who.write(name, before);
  });

  it('turns away who is not on the list any more, on open connections too, and lets in who is new there', async () => {
    const agent = staying({ shows: shop, believes: authority });
    expect((await visit(services, { agent })).status).toBe(200);
    const late = await clientCertificate(authority, 'late');
    await change('allow', `${idOf('till')}\n${idOf('late')} # since today\n`, 'TLS_CLIENT_ALLOW');
    expect(await visit(services, { agent })).toMatchObject({ status: 403, json: { code: 'certificate_refused' } });
    expect(await visit(services, { shows: shop, believes: authority })).toMatchObject({ status: 0 });
    expect((await visit(services, { shows: late, believes: authority })).status).toBe(200);
    await change('allow', `${idOf('till')}\n${idOf('shop')}\n`, 'TLS_CLIENT_ALLOW');
    expect((await visit(services, { shows: shop, believes: authority })).status).toBe(200);
  });

  it('turns away who is denied, by id or by certificate, on open connections too; another certificate of theirs is good', async () => {
    const agent = staying({ shows: shop, believes: authority });
    const other = await clientCertificate(authority, 'shop');
    expect((await visit(services, { agent })).status).toBe(200);
    const fingerprint = Buffer.from(await crypto.subtle.digest('SHA-256', shop.certificate.rawData)).toString('hex');
    const denied = `${fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:')}\n${idOf('till')}\n`;
    await change('deny', denied, 'TLS_CLIENT_DENY');
    const answer = await visit(services, { agent });
    expect(answer).toMatchObject({ status: 403, json: { code: 'certificate_refused' } });
    expect(answer.json.detail).toContain('denied');
    expect(await visit(services, { shows: shop, believes: authority })).toMatchObject({ status: 0 });
    expect(await visit(services, { shows: till, believes: authority })).toMatchObject({ status: 0 });
    expect((await visit(services, { shows: other, believes: authority })).status).toBe(200);
    await change('deny', listOf([]), 'TLS_CLIENT_DENY');
    expect((await visit(services, { shows: shop, believes: authority })).status).toBe(200);
  });

  it('cuts off an answer without an end to one who is denied meanwhile', async () => {
    who.denials.length = 0;
    const stream = request(new URL('/stream', services), {
      agent: false,
      ca: authority.certificatePem,
      cert: shop.certificatePem,
      key: shop.keyPem,
    });
    const cut = new Promise<string>((resolve) => {
      stream.on('error', () => undefined);
      stream.on('response', (response) => {
        response.on('error', (error: NodeJS.ErrnoException) => {
          resolve(error.code ?? '');
        });
        response.on('data', () => void who.write('deny', listOf([idOf('shop')])));
      });
    });
    stream.end();
    expect(await cut).toBe('ECONNRESET');
    expect(who.denials).toEqual([{ reason: 'denied', spiffeId: idOf('shop'), address: '127.0.0.1' }]);
    await change('deny', listOf([]), 'TLS_CLIENT_DENY');
    expect((await visit(services, { shows: shop, believes: authority })).status).toBe(200);
  });

  it('turns away whose certificate has expired since, on open connections too', async () => {
    const brief = await clientCertificate(authority, 'shop', { notAfter: new Date(Date.now() + 30 * 60_000) });
    const agent = staying({ shows: brief, believes: authority });
    expect((await visit(services, { agent })).status).toBe(200);
    ahead = 45 * 60_000;
    const answer = await visit(services, { agent });
    expect(answer).toMatchObject({ status: 403, json: { code: 'certificate_refused' } });
    expect(answer.json.detail).toContain('expired');
  });

  it('follows a change of authorities: beside the old one first, then without it, on open connections too', async () => {
    const next = await newAuthority('next');
    const renewed = await clientCertificate(next, 'shop');
    const agent = staying({ shows: shop, believes: authority });
    const both = staying({ shows: renewed, believes: authority });
    expect((await visit(services, { agent })).status).toBe(200);

    await who.write('ca.pem', authority.certificatePem + next.certificatePem);
    await until(
      'the new one',
      async () => (await visit(services, { shows: renewed, believes: authority })).status === 200,
    );
    expect((await visit(services, { agent: both })).status).toBe(200);
    expect((await visit(services, { agent })).status).toBe(200);

    await who.write('ca.pem', next.certificatePem);
    await until(
      'the end of the old one',
      async () => (await visit(services, { shows: till, believes: authority })).status === 0,
    );
    const answer = await visit(services, { agent });
    expect(answer).toMatchObject({ status: 403, json: { code: 'certificate_refused' } });
    expect(answer.json.detail).toContain('untrusted');
    expect((await visit(services, { agent: both })).status).toBe(200);
    both.destroy();
  });

  it('answers who is inside before it closes', async () => {
    const own = await startWho({ authority });
    const agent = staying({ shows: shop, believes: authority });
    expect((await visit(own.serviceUrl as string, { agent })).status).toBe(200);
    const [, closed] = await Promise.all([sleep(10), own.close().then(() => 'closed')]);
    expect(closed).toBe('closed');
    agent.destroy();
  });
});
