import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect } from 'node:tls';

import type { Issued } from './testing/authority.js';
import { clientCertificate, idOf, newAuthority, serverCertificate, thumbprintOf } from './testing/authority.js';
import type { Visitor } from './testing/visit.js';
import { until, visit } from './testing/visit.js';
import type { Who } from './testing/who.js';
import { startWho } from './testing/who.js';

const hour = 3_600_000;
let authority: Issued;
let shop: Issued;
let who: Who;
let services: string;

beforeAll(async () => {
  authority = await newAuthority();
  shop = await clientCertificate(authority, 'shop');
  who = await startWho({ authority, allow: [idOf('shop'), idOf('later')] });
  services = who.serviceUrl as string;
});
afterAll(() => who.close());

const asShop = (more: Visitor = {}) => visit(services, { shows: shop, believes: authority, ...more });

describe('the listener for services', () => {
  it('lets a service in, and says who it is by its certificate', async () => {
    const { status, json } = await asShop();
    expect(status).toBe(200);
    expect(json.peer).toEqual({ spiffeId: idOf('shop'), thumbprint: await thumbprintOf(shop) });
    expect(json.address).toBe('127.0.0.1');
  });

  const url = (value: string) => ({ type: 'url' as const, value });
  const dns = { type: 'dns' as const, value: 'shop.billing.test' };
  const refused: [string, string, () => Promise<Issued | undefined>][] = [
    ['no certificate', 'no_certificate', () => Promise.resolve(undefined)],
    ["another authority's", 'untrusted', async () => clientCertificate(await newAuthority(), 'shop')],
    // The same name, so that only the signature tells them apart.
    [
      "another authority's of the same name",
      'untrusted',
      async () => clientCertificate(await newAuthority('specs'), 'shop'),
    ],
    ['one that it signed itself', 'untrusted', () => clientCertificate(undefined, 'shop')],
    [
      'an expired one',
      'expired',
      () => clientCertificate(authority, 'shop', { notAfter: new Date(Date.now() - 1_000) }),
    ],
    [
      'one that is not valid yet',
      'not_yet_valid',
      () => clientCertificate(authority, 'shop', { notBefore: new Date(Date.now() + hour / 2) }),
    ],
    [
      'one for servers alone',
      'not_for_clients',
      () => clientCertificate(authority, 'shop', { usages: ['serverAuth'] }),
    ],
    ['an authority', 'not_a_leaf', () => clientCertificate(authority, 'shop', { authority: true })],
    ['no URI', 'no_spiffe_id', () => clientCertificate(authority, 'shop', { names: [] })],
    ['a DNS name alone', 'no_spiffe_id', () => clientCertificate(authority, 'shop', { names: [dns] })],
    [
      'two URIs',
      'several_names',
      () => clientCertificate(authority, 'shop', { names: [url(idOf('shop')), url('https://billing.test/shop')] }),
    ],
    [
      'a URI that is no SPIFFE id',
      'malformed_spiffe_id',
      () => clientCertificate(authority, 'shop', { names: [url('https://billing.test/shop')] }),
    ],
    [
      'an id with a trick in its path',
      'malformed_spiffe_id',
      () => clientCertificate(authority, 'shop', { names: [url('spiffe://billing.test/other/../shop')] }),
    ],
    [
      'an id that quotes another one',
      'malformed_spiffe_id',
      () => clientCertificate(authority, 'shop', { names: [url(`spiffe://billing.test/x", URI:"${idOf('shop')}`)] }),
    ],
    ['a service that is not on the list', 'not_allowed', () => clientCertificate(authority, 'stranger')],
    // Names are compared as they are.
    [
      'a longer id than the one on the list',
      'not_allowed',
      () => clientCertificate(authority, 'shop', { names: [url(`${idOf('shop')}/x`)] }),
    ],
  ];
  it.each(refused)('turns %s away, and says why: %s', async (_, reason, made) => {
    const shows = await made();
    const before = await who.refusals('services', reason);
    const answer = await visit(services, { shows, believes: authority });
    expect(answer).toMatchObject({ status: 0, json: {} });
    expect(answer.failed).toBeDefined();
    expect(await until('the count', async () => (await who.refusals('services', reason)) - before)).toBe(1);
    expect(who.logged()).toContainEqual(expect.objectContaining({ listener: 'services', reason, level: 'warn' }));
    // Somebody else may take the name of one whom we know: it is told where an authority of ours says so.
    const spiffeId = reason === 'not_allowed' ? (expect.stringMatching(/^spiffe:/) as string) : undefined;
    expect(who.denials.at(-1)).toEqual({ reason, address: '127.0.0.1', spiffeId });
  });

  it('tells the access log of nobody who was not denied access: other protocols, silence, and who goes away', async () => {
    const before = who.denials.length;
    await asShop({ maxVersion: 'TLSv1.2' });
    const { hostname, port } = new URL(services);
    const scanned = connectPlain(Number(port), hostname);
    scanned.write('GET / HTTP/1.1\r\n\r\n');
    await once(scanned.resume(), 'close');
    const counted = await who.refusals('services', 'closed');
    const knocking = connectPlain(Number(port), hostname);
    await once(knocking, 'connect');
    knocking.destroy();
    await until('the count', async () => (await who.refusals('services', 'closed')) - counted);
    expect(await who.refusals('services', 'protocol')).toBeGreaterThan(1);
    expect(who.denials.slice(before)).toEqual([]);
  });

  it('takes a certificate that says nothing of what it is made for, and one with a DNS name beside its id', async () => {
    const names = [dns, url(idOf('shop'))];
    for (const more of [{ usages: undefined }, { names }]) {
      const shows = await clientCertificate(authority, 'shop', more);
      expect((await asShop({ shows })).json.peer?.spiffeId).toBe(idOf('shop'));
    }
  });

  it('takes a certificate of an authority that ours has certified, and not of a leaf that plays one', async () => {
    const between = await clientCertificate(authority, 'between', { authority: true, names: [], usages: undefined });
    const issued = await clientCertificate(between, 'shop');
    const certificatePem = `${issued.certificatePem}${between.certificatePem}`;
    expect((await asShop({ shows: { ...issued, certificatePem } })).json.peer?.spiffeId).toBe(idOf('shop'));
    const forged = await clientCertificate(shop, 'shop');
    const forgedPem = `${forged.certificatePem}${shop.certificatePem}`;
    expect(await asShop({ shows: { ...forged, certificatePem: forgedPem } })).toMatchObject({ status: 0 });
  });

  it('speaks TLS 1.3 alone', async () => {
    const answer = await asShop({ maxVersion: 'TLSv1.2' });
    expect(answer).toMatchObject({ status: 0, failed: 'EPROTO' });
    expect(await until('the count', () => who.refusals('services', 'protocol'))).toBeGreaterThan(0);
  });

  it('resumes no session: a certificate is shown anew each time', async () => {
    const { hostname: host, port } = new URL(services);
    const options = {
      host,
      port: Number(port),
      ca: authority.certificatePem,
      cert: shop.certificatePem,
      key: shop.keyPem,
    };
    const sessions: Buffer[] = [];
    const first = connect(options);
    first.on('session', (session: Buffer) => sessions.push(session));
    expect(await askOver(first)).toEqual({ answered: true, resumed: false });
    const session = sessions.at(-1) ?? first.getSession();
    const second = connect({ ...options, ...(session && { session }) });
    expect(await askOver(second)).toEqual({ answered: true, resumed: false });
  });

  it('cuts off who connects and says nothing, and keeps answering others meanwhile', async () => {
    const { hostname, port } = new URL(services);
    const silent = connectPlain(Number(port), hostname);
    const closed = once(silent, 'close');
    expect((await asShop()).status).toBe(200);
    await closed;
    expect(await who.refusals('services', 'timeout')).toBe(1);
  });

  it('takes so many connections at once, and counts those beyond', async () => {
    const few = await startWho({ authority, maxConnections: 2 });
    const { hostname, port } = new URL(few.serviceUrl as string);
    const held = [0, 1].map(() => connectPlain(Number(port), hostname));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    expect(await visit(few.serviceUrl as string, { shows: shop, believes: authority })).toMatchObject({ status: 0 });
    expect(await until('the count', () => few.refusals('services', 'crowded'))).toBe(1);
    for (const socket of held) socket.destroy();
    await few.close();
  });

  it('does not let a flood of refusals into the log', async () => {
    const strange = await clientCertificate(authority, 'stranger');
    for (let times = 0; times < 10; times += 1) await visit(services, { shows: strange, believes: authority });
    const lines = who.logged().filter(({ reason }) => reason === 'not_allowed');
    expect(await who.refusals('services', 'not_allowed')).toBeGreaterThan(10);
    expect(lines.length).toBeLessThanOrEqual(2);
  });
});

describe('the listener for people', () => {
  it('speaks TLS 1.3 alone, asks for no certificate, and believes none', async () => {
    expect((await visit(who.url, { believes: authority })).json.peer).toBeUndefined();
    const { status, json } = await visit(who.url, { believes: authority, shows: shop });
    expect({ status, peer: json.peer }).toEqual({ status: 200, peer: undefined });
    expect(await visit(who.url, { believes: authority, maxVersion: 'TLSv1.2' })).toMatchObject({ status: 0 });
  });

  it('is not there in plain', async () => {
    expect(await visit(who.url.replace('https:', 'http:'))).toMatchObject({ status: 0 });
  });

  it('shows a certificate that only its own authority vouches for', async () => {
    expect(await visit(who.url, { believes: await newAuthority() })).toMatchObject({
      failed: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
    expect((await serverCertificate(authority)).certificate.issuer).toBe('CN=specs');
  });
});

/** One request on a connection. */
const askOver = async (socket: TLSSocket): Promise<{ answered: boolean; resumed: boolean }> => {
  await once(socket, 'secureConnect');
  const resumed = socket.isSessionReused();
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
  socket.write('GET /who HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await once(socket, 'close');
  return { answered: answer.startsWith('HTTP/1.1 200 '), resumed };
};
