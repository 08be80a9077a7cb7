import type { Issued } from './testing/authority.js';
import { clientCertOf, clientCertificate, idOf, newAuthority } from './testing/authority.js';
import type { Odd } from './testing/path.js';
import {
  constrainedTo,
  forServers,
  identifiersOf,
  issueOdd,
  ofAuthority,
  ofService,
  signingLeaf,
  unknownCritical,
  withoutSigning,
} from './testing/path.js';
import type { Visit } from './testing/visit.js';
import { staying, visit } from './testing/visit.js';
import type { Who } from './testing/who.js';
import { startWho } from './testing/who.js';

const hour = 3_600_000;
let authority: Issued;
let proxy: Issued;
let who: Who;
let services: string;
/** What the clock of the listeners is ahead of ours. */
let ahead = 0;

beforeAll(async () => {
  authority = await newAuthority();
  proxy = await clientCertificate(authority, 'proxy');
  who = await startWho({ authority, proxies: idOf('proxy'), now: () => Date.now() + ahead });
  services = who.serviceUrl as string;
});
afterEach(() => {
  ahead = 0;
});
afterAll(() => who.close());

/** A certificate, then those that lead to an authority. */
type Path = readonly [Issued, ...Issued[]];

const shown = ([leaf, ...others]: Path): Issued => ({
  ...leaf,
  certificatePem: [leaf, ...others].map(({ certificatePem }) => certificatePem).join(''),
});
const direct = (path: Path): Promise<Visit> => visit(services, { shows: shown(path), believes: authority });
const forwarded = ([leaf, ...others]: Path): Promise<Visit> =>
  visit(services, {
    shows: proxy,
    believes: authority,
    headers: {
      'Client-Cert': clientCertOf(leaf),
      ...(others.length > 0 && { 'Client-Cert-Chain': others.map(clientCertOf).join(', ') }),
    },
  });

const between = (odd: Partial<Odd> = {}, issuer = authority): Promise<Issued> =>
  issueOdd({ commonName: 'between', extensions: ofAuthority(), ...odd }, issuer);
const shop = (issuer: Issued, odd: Partial<Odd> = {}): Promise<Issued> =>
  issueOdd({ commonName: 'shop', extensions: ofService('shop'), ...odd }, issuer);
/** A good leaf beneath one between that is not as it should be. */
const beneath = async (odd: Partial<Odd>): Promise<Path> => {
  const middle = await between(odd);
  return [await shop(middle), middle];
};

describe('a certificate, on a connection and forwarded by a proxy alike', () => {
  it('is good by way of honest authorities in between, as deep as they allow', async () => {
    const first = await between({ extensions: ofAuthority(1) });
    const second = await between({ commonName: 'second', extensions: ofAuthority(0) }, first);
    const path: Path = [await shop(second), second, first];
    expect((await direct(path)).json.peer?.spiffeId).toBe(idOf('shop'));
    expect((await forwarded(path)).json.peer?.spiffeId).toBe(idOf('shop'));
  });

  /** An authority that anybody could make: with the name of ours, and the identifiers of its key. */
  const impostor = async (): Promise<Issued> =>
    issueOdd({
      commonName: 'specs',
      extensions: [...ofAuthority(), ...(await identifiersOf(authority, authority))],
    });

  it.each<[string, string, () => Promise<Path>]>([
    [
      'signed by another authority of the same name and the same identifiers of keys',
      'untrusted',
      async () => {
        const forger = await impostor();
        const identifiers = await identifiersOf(forger, authority);
        return [await shop(forger, { extensions: [...ofService('shop'), ...identifiers] })];
      },
    ],
    [
      'signed by way of an authority in between that such another has signed',
      'untrusted',
      async () => {
        const forger = await impostor();
        const middle = await between({}, forger);
        return [await shop(middle), middle];
      },
    ],
    [
      'for servers alone',
      'not_for_clients',
      async () => [
        await shop(authority, {
          extensions: [...ofService('shop').filter(({ type }) => type !== '2.5.29.37'), forServers()],
        }),
      ],
    ],
    [
      'one that may sign others, by its key usage',
      'not_a_leaf',
      async () => [await shop(authority, { extensions: [...signingLeaf(), ...ofService('shop').slice(2)] })],
    ],
    [
      'signed by a leaf that plays an authority',
      'untrusted',
      async () => {
        const leaf = await shop(authority);
        return [await shop(leaf), leaf];
      },
    ],
    [
      'signed with the key of our authority in the name of another',
      'untrusted',
      async () => {
        const { certificate } = await issueOdd({ commonName: 'another', extensions: ofAuthority() });
        return [await shop({ ...authority, certificate })];
      },
    ],
    ['signed by a leaf that may sign by its key usage', 'untrusted', () => beneath({ extensions: signingLeaf() })],
    [
      'one that says twice what it is for',
      'untrusted',
      async () => [await shop(authority, { extensions: [...ofService('shop'), forServers()] })],
    ],
    [
      'beneath an authority with no right to sign certificates',
      'untrusted',
      () => beneath({ extensions: withoutSigning() }),
    ],
    ['beneath one that has expired', 'untrusted', () => beneath({ notAfter: new Date(Date.now() - 1_000) })],
    ['beneath one that is not valid yet', 'untrusted', () => beneath({ notBefore: new Date(Date.now() + hour / 2) })],
    ['beneath one for servers alone', 'untrusted', () => beneath({ extensions: [...ofAuthority(), forServers()] })],
    [
      'beneath one whose names are constrained to others',
      'untrusted',
      () => beneath({ extensions: [...ofAuthority(), constrainedTo()] }),
    ],
    [
      'beneath one whose names are constrained, though that need not be understood',
      'untrusted',
      () => beneath({ extensions: [...ofAuthority(), constrainedTo('billing.test', false)] }),
    ],
    [
      'beneath one with an unknown critical extension',
      'untrusted',
      () => beneath({ extensions: [...ofAuthority(), unknownCritical()] }),
    ],
    ['beneath one that is signed with SHA-1', 'untrusted', () => beneath({ hash: 'SHA-1' })],
    [
      'beneath more authorities than one of them allows',
      'untrusted',
      async () => {
        const first = await between({ extensions: ofAuthority(0) });
        const second = await between({ commonName: 'second' }, first);
        return [await shop(second), second, first];
      },
    ],
    [
      'with an unknown critical extension of its own',
      'untrusted',
      async () => [await shop(authority, { extensions: [...ofService('shop'), unknownCritical()] })],
    ],
    [
      'with its names twice',
      'several_names',
      async () => [await shop(authority, { extensions: [...ofService('shop'), ...ofService('shop').slice(3)] })],
    ],
  ])('is refused when it is %s', async (_, reason, made) => {
    const path = await made();
    expect(await direct(path)).toMatchObject({ status: 0, json: {} });
    const { status, json } = await forwarded(path);
    expect({ status, code: json.code }).toEqual({ status: 403, code: 'certificate_refused' });
    expect(json.detail).toContain(`refused: ${reason}`);
  });

  it('ends with the first that led to its authority, on open connections too', async () => {
    const path = await beneath({ notAfter: new Date(Date.now() + hour / 2) });
    const agent = staying({ shows: shown(path), believes: authority });
    expect((await visit(services, { agent })).status).toBe(200);
    expect((await forwarded(path)).status).toBe(200);
    ahead = (hour * 3) / 4;
    const answer = await visit(services, { agent });
    expect(answer).toMatchObject({ status: 403, json: { code: 'certificate_refused' } });
    expect(answer.json.detail).toContain('untrusted');
    expect((await forwarded(path)).status).toBe(403);
    agent.destroy();
  });
});

describe('a forwarded certificate', () => {
  it('is refused beneath an authority with a weak key, which no client of ours could show', async () => {
    expect((await forwarded(await beneath({ rsaBits: 2_048 }))).json.peer?.spiffeId).toBe(idOf('shop'));
    const { status, json } = await forwarded(await beneath({ rsaBits: 1_024 }));
    expect({ status, code: json.code }).toEqual({ status: 403, code: 'certificate_refused' });
    expect(json.detail).toContain('untrusted');
  });

  it('is good no longer than its authority', async () => {
    const brief = await issueOdd({
      commonName: 'brief',
      extensions: ofAuthority(),
      notAfter: new Date(Date.now() + hour / 2),
    });
    const own = await startWho({ authority, proxies: '127.0.0.1', plain: true, now: () => Date.now() + ahead });
    await own.write('ca.pem', brief.certificatePem);
    const headers = { 'Client-Cert': clientCertOf(await shop(brief)) };
    for (let tries = 0; tries < 80 && (await visit(own.url, { headers })).status !== 200; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await visit(own.url, { headers })).json.peer?.spiffeId).toBe(idOf('shop'));
    ahead = (hour * 3) / 4;
    const { status, json } = await visit(own.url, { headers });
    expect({ status, code: json.code }).toEqual({ status: 403, code: 'certificate_refused' });
    expect(json.detail).toContain('untrusted');
    await own.close();
  });
});
