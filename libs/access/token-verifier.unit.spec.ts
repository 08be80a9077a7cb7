import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactSign, exportJWK, GeneralSign, SignJWT } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import { AccessDenied, IssuerUnavailable } from './access-denied.js';
import type { DenialCode } from './access-denied.js';
import { TokenVerifier } from './token-verifier.js';

const issuer = 'https://issuer.example';
const audience = 'billing';
const tenant = '11111111-1111-4111-8111-111111111111';
const now = new Date('2026-11-21T12:00:00Z');
const nowSeconds = now.getTime() / 1_000;

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const ed = generateKeyPairSync('ed25519');
const theirs = generateKeyPairSync('ec', { namedCurve: 'P-256' });
let keys: { keys: JWK[] };
beforeAll(async () => {
  keys = {
    keys: [
      { ...(await exportJWK(ours.publicKey)), kid: 'ec', use: 'sig' },
      { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', use: 'sig' },
      { ...(await exportJWK(ed.publicKey)), kid: 'ed', use: 'sig' },
    ],
  };
});

const good: JWTPayload = {
  iss: issuer,
  aud: audience,
  sub: 'person-1',
  tenant_id: tenant,
  roles: ['tenant_admin'],
  iat: nowSeconds - 10,
  nbf: nowSeconds - 10,
  exp: nowSeconds + 600,
};
const goodHeader = { alg: 'ES256', typ: 'at+jwt', kid: 'ec' };

const sign = (claims: object = {}, header: object = {}, key: KeyObject = ours.privateKey) =>
  new SignJWT({ ...good, ...claims }).setProtectedHeader({ ...goodHeader, ...header }).sign(key);
const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const partsOf = async (token: Promise<string>) => (await token).split('.') as [string, string, string];
const verifier = (options: { at?: () => Date; cacheSeconds?: number } = {}) =>
  new TokenVerifier({ issuer, audience, keys, now: options.at ?? (() => now), cacheSeconds: options.cacheSeconds });

const denialOf = async (token: string | Promise<string>) => {
  const outcome: unknown = await verifier()
    .verify(await token)
    .catch((error: unknown) => error);
  if (!(outcome instanceof AccessDenied)) throw new Error(`not denied: ${JSON.stringify(outcome)}`);
  return outcome;
};

describe('a good token', () => {
  it('tells who calls', async () => {
    const token = sign({ acr: 'phr', amr: ['pwd', 'otp'], auth_time: nowSeconds - 60, jti: 'id-1' });
    expect(await verifier().verify(await token)).toEqual({
      subject: 'person-1',
      kind: 'person',
      tenantId: tenant,
      roles: ['tenant_admin'],
      scopes: new Set(['billing:read', 'billing:write', 'billing:refund', 'billing:review']),
      acr: 'phr',
      amr: ['pwd', 'otp'],
      authTime: nowSeconds - 60,
      tokenId: 'id-1',
    });
  });

  it.each([
    ['ES256', 'ec', ours.privateKey],
    ['RS256', 'rsa', rsa.privateKey],
    ['PS256', 'rsa', rsa.privateKey],
    ['EdDSA', 'ed', ed.privateKey],
  ])('may be signed with %s', async (alg, kid, key) => {
    expect((await verifier().verify(await sign({}, { alg, kid }, key))).subject).toBe('person-1');
  });

  it.each([
    ['an audience among several', { aud: ['other', audience] }],
    ['no nbf', { nbf: undefined }],
    ['an exp that passed within the skew of clocks', { exp: nowSeconds - 2 }],
    ['an iat within the skew of clocks', { iat: nowSeconds + 4 }],
  ])('may have %s', async (_, claims) => {
    expect((await verifier().verify(await sign(claims))).subject).toBe('person-1');
  });

  it('gives nothing for roles that we do not know, inherited names included', async () => {
    const principal = await verifier().verify(await sign({ roles: ['owner', 'constructor', '__proto__'] }));
    expect([principal.roles, principal.scopes.size]).toEqual([[], 0]);
  });

  it('is narrowed by its scope claim and never widened', async () => {
    const scopesOf = async (scope: string) => [...(await verifier().verify(await sign({ scope }))).scopes];
    expect(await scopesOf('billing:read')).toEqual(['billing:read']);
    expect(await scopesOf('openid billing:read billing:admin billing:audit')).toEqual(['billing:read']);
    expect(await scopesOf('openid')).toEqual([]);
  });
});

describe('a token of an attacker', () => {
  const claims: [string, DenialCode, object][] = [
    ['expired', 'token_expired', { exp: nowSeconds - 6 }],
    ['not yet valid', 'token_not_yet_valid', { nbf: nowSeconds + 6 }],
    ['issued in the future', 'token_not_yet_valid', { iat: nowSeconds + 6 }],
    ['of another issuer', 'token_wrong_issuer', { iss: 'https://issuer.example/' }],
    ['for another audience', 'token_wrong_audience', { aud: 'billing2' }],
    ['without an audience', 'token_wrong_audience', { aud: undefined }],
    ['without an issuer', 'token_wrong_issuer', { iss: undefined }],
    ['without exp', 'token_invalid_claims', { exp: undefined }],
    ['without iat', 'token_invalid_claims', { iat: undefined }],
    ['without sub', 'token_invalid_claims', { sub: undefined }],
    ['with an empty sub', 'token_invalid_claims', { sub: '' }],
    ['of a tenant_admin without a tenant', 'token_invalid_claims', { tenant_id: undefined }],
    ['with a tenant that is no UUID', 'token_invalid_claims', { tenant_id: `${tenant}' or '1'='1` }],
    ['with several tenants', 'token_invalid_claims', { tenant_id: [tenant] }],
    ['with roles as one word', 'token_invalid_claims', { roles: 'tenant_admin' }],
    ['with a role that is no word', 'token_invalid_claims', { roles: [{ toString: 'tenant_admin' }] }],
    ['with scope as a list', 'token_invalid_claims', { scope: ['billing:read'] }],
    ['with amr as one word', 'token_invalid_claims', { amr: 'mfa' }],
    ['with auth_time as a text', 'token_invalid_claims', { auth_time: String(nowSeconds) }],
    ['bound to a certificate, sent without it', 'token_certificate_required', { cnf: { 'x5t#S256': 'x' } }],
    ['of a service, sent without its certificate', 'token_certificate_required', { sub: 'spiffe://billing/relay' }],
  ];
  it.each(claims)('%s is refused: %s', async (_, code, changed) => {
    const denial = await denialOf(sign(changed));
    expect(denial).toMatchObject({ status: 401, code });
    expect(denial.wwwAuthenticate).toMatch(
      /^Bearer error="invalid_token", error_description="[\x20-\x21\x23-\x5b\x5d-\x7e]+"$/,
    );
  });

  it('that never expires (exp beyond every number) is refused', async () => {
    const payload = JSON.stringify(good).replace(/"exp":\d+/, '"exp":1e999');
    const token = await new CompactSign(Buffer.from(payload)).setProtectedHeader(goodHeader).sign(ours.privateKey);
    expect(await denialOf(token)).toMatchObject({ code: 'token_invalid_claims' });
  });

  it.each(['none', 'None', 'NONE', ''])('with alg %j and no signature is refused', async (alg) => {
    const unsigned = `${encode({ ...goodHeader, alg })}.${encode(good)}`;
    expect((await denialOf(`${unsigned}.`)).code).toBe('token_malformed');
    expect((await denialOf(unsigned)).code).toBe('token_malformed');
    expect((await denialOf(`${unsigned}.AAAA`)).code).toBe('token_algorithm_not_allowed');
  });

  it.each(['HS256', 'HS384', 'HS512'])('with %s keyed by our public key is refused', async (alg) => {
    const signed = `${encode({ ...goodHeader, alg })}.${encode(good)}`;
    const secrets = [
      ours.publicKey.export({ format: 'pem', type: 'spki' }),
      ours.publicKey.export({ format: 'der', type: 'spki' }),
      JSON.stringify(keys.keys[0]),
    ];
    for (const secret of secrets) {
      const mac = createHmac(`sha${alg.slice(2)}`, secret)
        .update(signed)
        .digest('base64url');
      expect((await denialOf(`${signed}.${mac}`)).code).toBe('token_algorithm_not_allowed');
    }
  });

  it('signed by another key under our kid is refused', async () => {
    expect((await denialOf(sign({}, {}, theirs.privateKey))).code).toBe('token_invalid_signature');
  });

  it.each(['unknown', '../../etc/passwd', "ec' or '1'='1", 'https://evil.example/key', '__proto__'])(
    'with kid %j finds no key',
    async (kid) => {
      expect((await denialOf(sign({}, { kid }, theirs.privateKey))).code).toBe('token_key_unknown');
    },
  );

  it('with a kid of another kind of key finds no key', async () => {
    expect((await denialOf(sign({}, { kid: 'rsa' }))).code).toBe('token_key_unknown');
  });

  it.each([{}, [], 7, null, 'x'.repeat(257)])('with kid %j is refused', async (kid) => {
    const token = `${encode({ ...goodHeader, kid })}.${encode(good)}.${encode('signature')}`;
    expect((await denialOf(token)).code).toBe('token_malformed');
  });

  it('that brings its own key (jwk, jku, x5u, x5c) is refused, and nobody asks there', async () => {
    let asked = 0;
    const server = createServer((_, answer) => {
      asked += 1;
      answer.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const header = { jku: url, x5u: url, jwk: await exportJWK(theirs.publicKey), x5c: ['AAAA'] };
    expect((await denialOf(sign({}, header, theirs.privateKey))).code).toBe('token_invalid_signature');
    expect((await denialOf(sign({}, { ...header, kid: 'theirs' }, theirs.privateKey))).code).toBe('token_key_unknown');
    expect((await verifier().verify(await sign({}, header))).subject).toBe('person-1');
    expect(asked).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });

  it('with a changed payload, header or signature is refused', async () => {
    const [header, payload, signature] = await partsOf(sign());
    const admin = encode({ ...good, roles: ['platform_admin'] });
    expect((await denialOf(`${header}.${admin}.${signature}`)).code).toBe('token_invalid_signature');
    const otherHeader = encode({ ...goodHeader, x: 1 });
    expect((await denialOf(`${otherHeader}.${payload}.${signature}`)).code).toBe('token_invalid_signature');
    const flipped = Buffer.from(signature, 'base64url');
    flipped.writeUInt8(flipped.readUInt8(0) ^ 1);
    expect((await denialOf(`${header}.${payload}.${flipped.toString('base64url')}`)).code).toBe(
      'token_invalid_signature',
    );
    const blank = Buffer.alloc(64).toString('base64url');
    expect((await denialOf(`${header}.${payload}.${blank}`)).code).toBe('token_invalid_signature');
  });

  it('written in another base64url than the strict one is refused', async () => {
    const [header, payload, signature] = await partsOf(sign());
    // 64 bytes end in four loose bits, which a lenient decoder drops.
    const loose =
      signature.slice(0, -1) + (signature.endsWith('A') ? 'B' : String.fromCharCode(signature.charCodeAt(85) + 1));
    const texts = [
      `${header}.${payload}.${signature}==`,
      `${header}.${payload}.${loose}`,
      `${header}.${payload}.${signature}\n`,
      ` ${header}.${payload}.${signature}`,
      `${header}.${payload}.${signature.slice(0, 40)} ${signature.slice(40)}`,
      `${header}.${payload}.+${signature.slice(1)}`,
      `${header}.${payload}.${signature}.`,
      `${header}.${payload}.${signature}.${signature}`,
      `${header}..${signature}`,
      '..',
      '',
    ];
    for (const text of texts) expect([text, (await denialOf(text)).code]).toEqual([text, 'token_malformed']);
  });

  it('with two signatures (JWS JSON) is refused', async () => {
    const general = await new GeneralSign(Buffer.from(JSON.stringify(good)))
      .addSignature(ours.privateKey)
      .setProtectedHeader(goodHeader)
      .addSignature(theirs.privateKey)
      .setProtectedHeader(goodHeader)
      .sign();
    expect((await denialOf(JSON.stringify(general))).code).toBe('token_malformed');
    expect((await denialOf(encode(general))).code).toBe('token_malformed');
  });

  it.each([
    ['a critical extension', { crit: ['b64'], b64: true }, 'token_malformed'],
    ['the type of an ID token or logout token', { typ: 'logout+jwt' }, 'token_type_not_allowed'],
    ['no type', { typ: undefined }, 'token_type_not_allowed'],
  ])('with %s is refused', async (_, header, code) => {
    const token = `${encode({ ...goodHeader, ...header })}.${encode(good)}.${encode('signature')}`;
    expect((await denialOf(token)).code).toBe(code);
  });

  it.each([
    ['no JSON', 'x'],
    ['a list', '[]'],
    ['null', 'null'],
  ])('whose header is %s is refused', async (_, header) => {
    expect((await denialOf(`${encode(header)}.${encode(good)}.AAAA`)).code).toBe('token_malformed');
  });

  it('of a huge length is refused before it is read', async () => {
    expect((await denialOf(sign({ junk: 'x'.repeat(10_000) }))).code).toBe('token_malformed');
    expect((await denialOf('.'.repeat(50_000_000))).code).toBe('token_malformed');
  });

  it('never finds its own words in the refusal', async () => {
    const denial = await denialOf(sign({ iss: 'evil"\r\nSet-Cookie: a=b' }));
    expect(`${denial.message} ${denial.wwwAuthenticate}`).not.toContain('evil');
  });
});

describe('the cache of verified tokens', () => {
  it('does not outlive exp', async () => {
    let at = now;
    const one = verifier({ at: () => at });
    const token = await sign({ exp: nowSeconds + 30 });
    await one.verify(token);
    at = new Date(now.getTime() + 35_000);
    await expect(one.verify(token)).rejects.toMatchObject({ code: 'token_expired' });
  });

  it('spares the second verification, for the exact token alone', async () => {
    const one = verifier();
    const token = await sign();
    expect(await one.verify(token)).toBe(await one.verify(token));
    await expect(one.verify(`${token}=`)).rejects.toMatchObject({ code: 'token_malformed' });
  });

  it('keeps no refusal: a token that was not valid yet is valid later', async () => {
    let at = now;
    const one = verifier({ at: () => at });
    const token = await sign({ nbf: nowSeconds + 60 });
    await expect(one.verify(token)).rejects.toMatchObject({ code: 'token_not_yet_valid' });
    at = new Date(now.getTime() + 60_000);
    expect((await one.verify(token)).subject).toBe('person-1');
  });
});

describe('keys over HTTP', () => {
  let published: unknown;
  let status = 200;
  let fetched = 0;
  let url: URL;
  const server = createServer((_, answer) => {
    fetched += 1;
    answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(published));
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`);
  });
  beforeEach(() => {
    published = keys;
    status = 200;
    fetched = 0;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  const remote = (options: { cacheSeconds?: number; at?: () => Date } = {}) =>
    new TokenVerifier({
      issuer,
      audience,
      keys: url,
      now: options.at ?? (() => now),
      cacheSeconds: options.cacheSeconds,
    });

  it('are fetched once for many tokens, and unknown kids cannot make us fetch again and again', async () => {
    const one = remote();
    const tokens = await Promise.all(Array.from({ length: 20 }, (_, at) => sign({ jti: String(at) })));
    await Promise.all(tokens.map((token) => one.verify(token)));
    for (let at = 0; at < 20; at += 1) {
      await expect(one.verify(await sign({}, { kid: `unknown-${at}` }))).rejects.toMatchObject({
        code: 'token_key_unknown',
      });
    }
    expect(fetched).toBe(1);
  });

  it("that cannot be had are nobody's bad token: 503, and the next try may work", async () => {
    const one = remote();
    const token = await sign();
    status = 500;
    await expect(one.verify(token)).rejects.toThrow(IssuerUnavailable);
    status = 200;
    published = { keys: 'none' };
    await expect(one.verify(token)).rejects.toThrow(IssuerUnavailable);
    published = keys;
    expect((await one.verify(token)).subject).toBe('person-1');
  });

  it('that hold a secret instead of a public key are never used', async () => {
    published = { keys: [{ kty: 'oct', k: encode('secret'), kid: 'ec' }, await exportJWK(theirs.privateKey)] };
    await expect(remote().verify(await sign())).rejects.toMatchObject({ status: 401 });
  });
});

describe('a token that came at another time', () => {
  const minutes = (count: number) => new Date(now.getTime() + count * 60_000);

  it('is judged as of then, whatever time it is now', async () => {
    const token = await sign();
    const late = verifier({ at: () => minutes(60) });
    await expect(late.verify(token)).rejects.toMatchObject({ code: 'token_expired' });
    await expect(late.verifyAsOf(token, now)).resolves.toMatchObject({ subject: 'person-1' });
    await expect(late.verify(token)).rejects.toMatchObject({ code: 'token_expired' });
    await expect(verifier().verifyAsOf(token, minutes(60))).rejects.toMatchObject({ code: 'token_expired' });
    await expect(verifier().verifyAsOf(token, minutes(-5))).rejects.toMatchObject({ code: 'token_not_yet_valid' });
  });

  it('is no better for having been good before', async () => {
    const [one, token] = [verifier(), await sign()];
    await one.verify(token);
    await expect(one.verifyAsOf(token, minutes(60))).rejects.toMatchObject({ code: 'token_expired' });
  });

  it('names the service that it lets act, if any', async () => {
    const acting = async (act: unknown) => verifier().verifyAsOf(await sign({ act }), now);
    await expect(acting({ sub: 'shop' })).resolves.toMatchObject({ actingParty: 'shop' });
    expect((await acting(undefined)).actingParty).toBeUndefined();
    for (const act of ['shop', {}, { sub: 1 }, { sub: '' }, [], null])
      await expect(acting(act)).rejects.toMatchObject({ code: 'token_invalid_claims' });
  });
});
