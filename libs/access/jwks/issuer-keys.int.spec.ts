import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { exportJWK } from 'jose';
import type { JWK } from 'jose';

import { IssuerUnavailable } from '../access-denied.js';
import { freshMs, IssuerKeys, unknownKeyPauseMs, usableMs } from './issuer-keys.js';
import type { KeyFetch } from './issuer-keys.js';

const alg = 'ES256';
const jwkOf = async (kid: string): Promise<JWK> => ({
  ...(await exportJWK(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey)),
  ...{ kid, use: 'sig', alg },
});
const send =
  (document: unknown, status = 200): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document));

function* forever() {
  for (;;) yield ' '.repeat(65_536);
}

let answer: RequestListener;
let fetched: number;
let url: URL;
let first: JWK;
let second: JWK;
const server = createServer((request, response) => {
  fetched += 1;
  answer(request, response);
});
beforeAll(async () => {
  [first, second] = [await jwkOf('first'), await jwkOf('second')];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`);
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

let at: number;
let told: KeyFetch[];
let keys: IssuerKeys;
beforeEach(() => {
  answer = send({ keys: [first] });
  [fetched, at, told] = [0, 1_000_000, []];
  keys = new IssuerKeys(url, { now: () => at, onFetch: (fetch) => told.push(fetch) });
});
const outcomes = () => told.map((fetch) => (fetch.outcome === 'failed' ? fetch.reason : fetch.outcome));
const find = (kid: string) => keys.keyOf({ alg, kid });
const unknown = { status: 401, code: 'token_key_unknown' };

describe('the keys of an issuer', () => {
  it('are fetched once for everybody who asks at the same time, and used for ten minutes', async () => {
    await Promise.all(Array.from({ length: 50 }, () => find('first')));
    at += freshMs - 1;
    await find('first');
    expect(fetched).toBe(1);
    at += 1;
    await find('first');
    expect(fetched).toBe(2);
  });

  it('that are new are found at once, if nobody looked within 30 seconds; those withdrawn are gone', async () => {
    await find('first');
    answer = send({ keys: [second] });
    await expect(find('second')).rejects.toMatchObject(unknown);
    at += unknownKeyPauseMs;
    await expect(find('second')).resolves.toBeDefined();
    await expect(find('first')).rejects.toMatchObject(unknown);
    expect(fetched).toBe(2);
  });

  it('are looked for twice a minute at most, however many unknown ones are asked for', async () => {
    for (let second = 0; second < 60; second += 1) {
      const flood = Array.from({ length: 20 }, (_, each) => find(`unknown-${second}-${each}`));
      for (const each of flood) await expect(each).rejects.toMatchObject(unknown);
      at += 1_000;
    }
    expect(fetched).toBe(2);
    await expect(find('first')).resolves.toBeDefined();
  });

  it("that cannot be had are nobody's bad token; the next look waits a second, then twice as long, 30 at most", async () => {
    answer = send({}, 503);
    const looks: number[] = [];
    for (let second = 0; second < 120; second += 1) {
      const before = fetched;
      await Promise.all([1, 2, 3].map(() => expect(find('first')).rejects.toThrow(IssuerUnavailable)));
      if (fetched > before) looks.push(second);
      at += 1_000;
    }
    expect(looks).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    expect(outcomes()).toEqual(looks.map(() => 'it answers 503'));
    answer = send({ keys: [first] });
    at += 30_000;
    await expect(find('first')).resolves.toBeDefined();
  });

  it("stay in use for 24 hours while the issuer is away, and for nobody's wait but the first one's", async () => {
    await find('first');
    answer = send({}, 500);
    at += freshMs;
    await expect(find('first')).resolves.toBeDefined();
    // From here on no answer ever comes, and nobody waits for one.
    answer = () => undefined;
    at += 30_000;
    await expect(find('first')).resolves.toBeDefined();
    await expect(find('first')).resolves.toBeDefined();
    expect(outcomes()).toEqual(['fetched', 'it answers 500']);
    expect(keys.ageMs).toBe(freshMs + 30_000);
    server.closeAllConnections();
  });

  it('are used no more after 24 hours, until the issuer is back', async () => {
    await find('first');
    answer = send({}, 500);
    at += usableMs - 1;
    await expect(find('first')).resolves.toBeDefined();
    at += 30_000;
    await expect(find('first')).rejects.toThrow(IssuerUnavailable);
    answer = send({ keys: [first] });
    at += 30_000;
    await expect(find('first')).resolves.toBeDefined();
  });

  it('say nothing about a key that we do not know while the issuer cannot be asked', async () => {
    await find('first');
    answer = send({}, 500);
    at += unknownKeyPauseMs;
    await expect(find('second')).rejects.toThrow(IssuerUnavailable);
    await expect(find('first')).resolves.toBeDefined();
  });

  it('are taken away by an issuer that publishes none', async () => {
    await find('first');
    answer = send({ keys: [] });
    at += freshMs;
    await expect(find('first')).rejects.toMatchObject(unknown);
  });
});

describe('a document that is not what it should be', () => {
  const endless: RequestListener = (_, response) => {
    Readable.from(forever()).pipe(response.writeHead(200));
  };
  const elsewhere: RequestListener = (request, response) => {
    if (request.url === '/jwks') response.writeHead(302, { location: '/elsewhere' }).end();
    else send({ keys: [first] })(request, response);
  };
  const cut: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('{"keys":[');
    setTimeout(() => response.destroy(), 10);
  };
  const text =
    (body: string | Buffer): RequestListener =>
    (_, response) =>
      void response.end(body);
  const wrong: [string, RequestListener, string][] = [
    ['has no end', endless, 'it is larger than 262144 bytes'],
    ['redirects, even to good keys', elsewhere, 'it redirects'],
    ['breaks off', cut, 'UND_ERR_SOCKET'],
    ['is no JSON', text('<html>'), 'it is no JSON'],
    ['is no UTF-8', text(Buffer.from('{"keys":[],"\xff":1}', 'latin1')), 'it cannot be read'],
    ['is null', text('null'), 'it has no list of keys'],
    ['has no keys', text('{"keys":{}}'), 'it has no list of keys'],
    ['has too many keys', text(JSON.stringify({ keys: Array(101).fill({}) })), 'it has more than 100 keys'],
    ['is good, but not found', (_, response) => void response.writeHead(404).end('{"keys":[]}'), 'it answers 404'],
  ];
  it.each(wrong)('is as good as none if it %s', async (_, listener, reason) => {
    answer = listener;
    await expect(find('first')).rejects.toThrow(IssuerUnavailable);
    expect({ fetched, outcomes: outcomes() }).toEqual({ fetched: 1, outcomes: [reason] });
  });

  it('is given up when it takes too long, for everybody who waits, even if it comes drop by drop', async () => {
    answer = (_, response) => {
      response.writeHead(200);
      const drop = setInterval(() => response.write(' '), 100);
      response.on('close', () => {
        clearInterval(drop);
      });
    };
    keys = new IssuerKeys(url, { timeoutMs: 200, onFetch: (fetch) => told.push(fetch) });
    await Promise.all([1, 2, 3].map(() => expect(find('first')).rejects.toThrow(IssuerUnavailable)));
    expect({ fetched, outcomes: outcomes() }).toEqual({ fetched: 1, outcomes: ['it takes too long'] });
  });

  it('keeps the good keys when bad ones lie beside them', async () => {
    const { kty, crv, x, y } = first;
    const bad = [
      ...[null, 7, 'key', {}, { kty: 'EC', kid: 'half', crv }, { kty, crv, x, y: x, kid: 'off the curve' }],
      ...[
        { kty: 'oct', k: 'c2VjcmV0', kid: 'secret' },
        { kty: 'RSA', kid: 'short', n: 'AQAB', e: 'AQAB' },
      ],
      ...[
        { kty, crv, x, y, kid: 'of encryption', use: 'enc' },
        { kty, crv, x, y, kid: 'of another use', alg: 'ES384' },
      ],
      ...[
        { kty, crv, x, y, kid: 'private', d: x },
        { kty, crv, x, y, kid: 'twice' },
        { ...second, kid: 'twice' },
      ],
    ];
    answer = send({ keys: [...bad, first] });
    await expect(find('first')).resolves.toBeDefined();
    for (const kid of [
      'half',
      'off the curve',
      'secret',
      'short',
      'of encryption',
      'of another use',
      'private',
      'twice',
    ])
      await expect(find(kid)).rejects.toMatchObject(unknown);
  });

  it('is not reached where nobody listens', async () => {
    keys = new IssuerKeys(new URL('http://127.0.0.1:1/jwks'), { onFetch: (fetch) => told.push(fetch) });
    await expect(find('first')).rejects.toThrow(IssuerUnavailable);
    expect(outcomes()).toEqual(['it cannot be read']);
  });
});
