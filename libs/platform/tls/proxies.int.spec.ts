import type { Issued } from './testing/authority.js';
import { clientCertOf, clientCertificate, idOf, newAuthority, thumbprintOf } from './testing/authority.js';
import type { Visitor } from './testing/visit.js';
import { visit } from './testing/visit.js';
import type { Who } from './testing/who.js';
import { startWho } from './testing/who.js';

let authority: Issued;
let shop: Issued;
let proxy: Issued;
beforeAll(async () => {
  authority = await newAuthority();
  [shop, proxy] = await Promise.all([clientCertificate(authority, 'shop'), clientCertificate(authority, 'proxy')]);
});

const lies = {
  'x-forwarded-client-cert': 'By=spiffe://billing.test/api;URI=spiffe://billing.test/shop',
  'x-forwarded-for': '203.0.113.7',
  'x-real-ip': '203.0.113.7',
  forwarded: 'for=203.0.113.7',
};

describe('behind a proxy that shows a certificate', () => {
  let who: Who;
  beforeAll(async () => {
    who = await startWho({ authority, proxies: `${idOf('proxy')} 10.0.0.0/8` });
  });
  afterAll(() => who.close());

  const by = (shows: Issued, headers: Visitor['headers'] = {}) =>
    visit(who.serviceUrl as string, { shows, believes: authority, headers });

  it('a service is known by the certificate that the proxy forwards, and where it is by the last address that is no proxy', async () => {
    const headers = { 'Client-Cert': clientCertOf(shop), 'X-Forwarded-For': '198.51.100.1, 203.0.113.7, 10.1.2.3' };
    const { status, json } = await by(proxy, headers);
    expect(status).toBe(200);
    expect(json.peer).toEqual({ spiffeId: idOf('shop'), thumbprint: await thumbprintOf(shop) });
    expect(json.address).toBe('203.0.113.7');
    expect(Object.keys(json.headers ?? {})).not.toContain('client-cert');
  });

  it.each([
    ['203.0.113.7:4444', '203.0.113.7'],
    ['[2001:db8::7]:4444', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['2001:db8::7', '2001:db8::7'],
    ['2001:DB8:0::7', '2001:db8::7'],
    ['::ffff:cb00:7107', '::ffff:203.0.113.7'],
    ['198.51.100.1:80, 203.0.113.7:4444, 10.1.2.3:5555', '203.0.113.7'],
    ['203.0.113.7:4444:1', '127.0.0.1'],
    ['[203.0.113.7', '127.0.0.1'],
    ['unknown', '127.0.0.1'],
  ])('%s says that the client is at %s', async (forwardedFor, address) => {
    expect((await by(proxy, { 'X-Forwarded-For': forwardedFor })).json.address).toBe(address);
  });

  it('nobody is known where the proxy forwards no certificate: its own is not the client', async () => {
    const { status, json } = await by(proxy);
    expect({ status, peer: json.peer }).toEqual({ status: 200, peer: undefined });
  });

  it('takes nothing a service says of who is behind it, and passes none of it on', async () => {
    const { status, json } = await by(shop, { 'Client-Cert': clientCertOf(proxy), ...lies });
    expect(status).toBe(200);
    expect(json.peer?.spiffeId).toBe(idOf('shop'));
    expect(json.address).toBe('127.0.0.1');
    const inside = [...Object.keys(json.headers ?? {}), ...(json.rawHeaders ?? [])].map((each) => each.toLowerCase());
    for (const name of ['client-cert', ...Object.keys(lies)]) expect(inside).not.toContain(name);
    expect(inside).toContain('host');
  });

  it.each<[string, string, () => Promise<string | string[]>]>([
    [
      'an expired one',
      'expired',
      async () => clientCertOf(await clientCertificate(authority, 'shop', { notAfter: new Date() })),
    ],
    [
      "another authority's",
      'untrusted',
      async () => clientCertOf(await clientCertificate(await newAuthority(), 'shop')),
    ],
    [
      'one that is not on the list',
      'not_allowed',
      async () => clientCertOf(await clientCertificate(authority, 'stranger')),
    ],
    [
      'an authority',
      'not_a_leaf',
      async () => clientCertOf(await clientCertificate(authority, 'shop', { authority: true })),
    ],
    ['PEM', 'malformed_certificate', () => Promise.resolve(`:${Buffer.from(shop.certificatePem).toString('base64')}:`)],
    [
      'base64 without its colons',
      'malformed_certificate',
      () => Promise.resolve(clientCertOf(shop).replaceAll(':', '')),
    ],
    ['two of them', 'malformed_certificate', () => Promise.resolve([clientCertOf(shop), clientCertOf(shop)])],
    ['nothing', 'malformed_certificate', () => Promise.resolve('')],
  ])('refuses a request whose forwarded certificate is %s', async (_, reason, made) => {
    const { status, json } = await by(proxy, { 'Client-Cert': await made() });
    expect({ status, code: json.code }).toEqual({ status: 403, code: 'certificate_refused' });
    expect(json.detail).toContain(reason);
    expect(await who.refusals('services', reason)).toBeGreaterThan(0);
  });

  it('tells the access log of a refusal: where the client is, and who, if an authority of ours says so', async () => {
    const told = async (shows: Issued) => {
      const { json } = await by(proxy, { 'Client-Cert': clientCertOf(shows), 'X-Forwarded-For': '203.0.113.7' });
      return { json, denial: who.denials.at(-1) };
    };
    const requestId = expect.stringMatching(/^req_/) as string;
    const stranger = await told(await clientCertificate(authority, 'stranger'));
    const from = { address: '203.0.113.7', requestId };
    expect(stranger.denial).toEqual({ reason: 'not_allowed', spiffeId: idOf('stranger'), ...from });
    const expired = { notAfter: new Date() };
    const late = await told(await clientCertificate(authority, 'shop', expired));
    expect(late.denial).toEqual({ reason: 'expired', spiffeId: idOf('shop'), ...from });
    const liar = await told(await clientCertificate(await newAuthority(), 'shop', expired));
    expect(liar.denial).toEqual({ reason: 'untrusted', ...from });
  });

  it('takes the authorities in between from Client-Cert-Chain', async () => {
    const between = await clientCertificate(authority, 'between', { authority: true, names: [], usages: undefined });
    const issued = await clientCertificate(between, 'shop');
    expect((await by(proxy, { 'Client-Cert': clientCertOf(issued) })).status).toBe(403);
    const headers = { 'Client-Cert': clientCertOf(issued), 'Client-Cert-Chain': clientCertOf(between) };
    expect((await by(proxy, headers)).json.peer?.spiffeId).toBe(idOf('shop'));
  });
});

describe('behind a proxy on this machine, in plain', () => {
  it('believes the addresses that are named', async () => {
    const who = await startWho({ authority, plain: true, proxies: '127.0.0.1' });
    const headers = { 'Client-Cert': clientCertOf(shop), 'X-Forwarded-For': '203.0.113.7' };
    expect((await visit(who.url, { headers })).json).toMatchObject({
      peer: { spiffeId: idOf('shop') },
      address: '203.0.113.7',
    });
    await who.close();
  });

  it('believes no other', async () => {
    const who = await startWho({ authority, plain: true, proxies: '192.0.2.1' });
    const { status, json } = await visit(who.url, { headers: { 'Client-Cert': clientCertOf(shop), ...lies } });
    expect({ status, peer: json.peer, address: json.address }).toEqual({
      status: 200,
      peer: undefined,
      address: '127.0.0.1',
    });
    await who.close();
  });
});
