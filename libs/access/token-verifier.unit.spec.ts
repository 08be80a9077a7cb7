import { createHmac, generateKeyPairSync, sign as sign448 } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactSign, exportJWK, GeneralSign, SignJWT } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import { AccessDenied } from './access-denied.js';
import type { DenialCode } from './access-denied.js';
import type { IssuerKeys } from './jwks/index.js';
import { fixedKeys } from './jwks/index.js';
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
      { ...(await exportJWK(ed.publicKey)), kid: 'ed-as-Ed25519', use: 'sig', alg: 'Ed25519' },
      { ...(await exportJWK(ed.publicKey)), kid: 'ed-as-EdDSA', use: 'sig', alg: 'EdDSA' },
      ...['EdDSA', 'Ed25519'].map((alg) => ({ ...ed.publicKey.export({ format: 'jwk' }), kid: 'ed-as-both', alg })),
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
/** SHA-256 of some certificate, base64url. */
const thumbprint = 'A'.repeat(43);
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
    ['Ed25519', 'ed', ed.privateKey],
    // Two words for one algorithm (RFC 9864): an issuer may change the one in its tokens before the one of its keys, and the other way round.
    ['EdDSA', 'ed-as-EdDSA', ed.privateKey],
    ['EdDSA', 'ed-as-Ed25519', ed.privateKey],
    ['Ed25519', 'ed-as-Ed25519', ed.privateKey],
    ['Ed25519', 'ed-as-EdDSA', ed.privateKey],
    ['EdDSA', 'ed-as-both', ed.privateKey],
    ['Ed25519', 'ed-as-both', ed.privateKey],
  ])('may be signed with %s, by the key %s', async (alg, kid, key) => {
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

  it.each([
    ['of the plain type', { typ: 'JWT' }, {}],
    ['of the plain type that says Bearer (Keycloak)', { typ: 'JWT' }, { typ: 'Bearer' }],
    ['of the plain type that says at+jwt', { typ: 'application/jwt' }, { typ: 'at+jwt' }],
    ['that says in its header what it is, and has a nonce', { typ: 'application/at+jwt' }, { nonce: 'n' }],
  ])('may be one %s', async (_, header, claims) => {
    expect((await verifier().verify(await sign(claims, header))).subject).toBe('person-1');
  });

  it('may name a person in any letters', async () => {
    for (const subject of ['Zoë|山田', 'a\u00a0b', '😀']) {
      expect((await verifier().verify(await sign({ sub: subject }))).subject).toBe(subject);
    }
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
    ["of the platform's own tenant", 'token_invalid_claims', { tenant_id: '00000000-0000-4000-8000-000000000000' }],
    ['with nbf as a text', 'token_invalid_claims', { nbf: String(nowSeconds) }],
    ['with acr as a list', 'token_invalid_claims', { acr: ['phr'] }],
    ['with an audience in an object', 'token_wrong_audience', { aud: { [audience]: true } }],
    ['with a sub of an endless length', 'token_invalid_claims', { sub: 'x'.repeat(257) }],
    ['with more roles than anybody has', 'token_invalid_claims', { roles: Array(65).fill('auditor') }],
    ['whose cnf is a text', 'token_invalid_claims', { cnf: thumbprint }],
    ['whose thumbprint is none', 'token_invalid_claims', { cnf: { 'x5t#S256': 'x' } }],
    ['whose thumbprint has loose bits', 'token_invalid_claims', { cnf: { 'x5t#S256': `${'A'.repeat(42)}B` } }],
    ['bound to a certificate, sent without it', 'token_certificate_required', { cnf: { 'x5t#S256': thumbprint } }],
    ['bound to a DPoP key', 'token_certificate_required', { cnf: { jkt: thumbprint } }],
    ['bound to two things', 'token_certificate_required', { cnf: { 'x5t#S256': thumbprint, jkt: thumbprint } }],
    ['bound to nothing in so many words', 'token_certificate_required', { cnf: {} }],
    ['of a service, sent without its certificate', 'token_certificate_required', { sub: 'spiffe://billing/relay' }],
    ['of a service with a name that is no SPIFFE id', 'token_invalid_claims', { sub: 'SPIFFE://billing/relay' }],
    ['of a service for which another acts', 'token_invalid_claims', { sub: 'spiffe://billing/a', act: { sub: 'b' } }],
    // None of these can be kept by the log, and a batch with one of them would fail for its neighbours too.
    ['with NUL in sub', 'token_invalid_claims', { sub: 'person\u0000' }],
    ['with half a surrogate pair in sub', 'token_invalid_claims', { sub: 'person\ud800' }],
    ['with a right-to-left override in sub', 'token_invalid_claims', { sub: '\u202enosrep' }],
    ['with NUL in jti', 'token_invalid_claims', { jti: '\u0000' }],
    ['with an escape in acr', 'token_invalid_claims', { acr: '\u001b[2J' }],
    ['with NUL in amr', 'token_invalid_claims', { amr: ['pwd\u0000'] }],
    ['with a line break in a role', 'token_invalid_claims', { roles: ['tenant_admin', 'x\n'] }],
    ['with NUL in tenant_id', 'token_invalid_claims', { tenant_id: `${tenant}\u0000` }],
    ['with NUL in act', 'token_invalid_claims', { act: { sub: 'spiffe://billing/a\u0000' } }],
    ['with a character nobody knows in scope', 'token_invalid_claims', { scope: 'billing:read \u0378' }],
    ['that lets a service act, sent without it', 'token_certificate_required', { act: { sub: 'spiffe://billing/a' } }],
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

  it('signed with Ed448 under its old name, or by a key of another algorithm, finds no key', async () => {
    const ed448 = generateKeyPairSync('ed448');
    const published = { ...(await exportJWK(ours.publicKey)), kid: 'ec-as-Ed25519', alg: 'Ed25519' };
    keys.keys.push({ ...ed448.publicKey.export({ format: 'jwk' }), kid: 'ed448', alg: 'EdDSA' }, published);
    const unsigned = encode({ ...goodHeader, alg: 'EdDSA', kid: 'ed448' });
    const signature = sign448(null, Buffer.from(`${unsigned}.${encode(good)}`), ed448.privateKey).toString('base64url');
    expect((await denialOf(`${unsigned}.${encode(good)}.${signature}`)).code).toBe('token_key_unknown');
    expect((await denialOf(sign({}, { kid: 'ec-as-Ed25519' }))).code).toBe('token_key_unknown');
    keys.keys.splice(-2);
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
    expect((await denialOf(`${header}..${signature}`)).code).toBe('token_invalid_signature');
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
      `${header}.${payload}.`,
      `.${payload}.${signature}`,
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

  const others: [string, object][] = [
    ['an ID token (nonce)', { nonce: 'n' }],
    ['an ID token (at_hash)', { at_hash: 'x' }],
    ['an ID token (c_hash)', { c_hash: 'x' }],
    ['an ID token (s_hash)', { s_hash: null }],
    ['an ID token that says so', { typ: 'ID' }],
    ['a refresh token', { typ: 'Refresh' }],
    ['a token of a type that is no word', { typ: ['Bearer'] }],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
  ];
  it.each(others)('that is %s of the plain type for our audience is refused', async (_, changed) => {
    for (const typ of ['JWT', 'application/jwt'])
      expect(await denialOf(sign(changed, { typ }))).toMatchObject({ status: 401, code: 'token_type_not_allowed' });
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

describe('a token that was verified before', () => {
  it('is known until it expires, longer than its verdict is kept, and nobody else’s is', async () => {
    let at = now;
    const one = verifier({ at: () => at, cacheSeconds: 60 });
    const [token, other] = [await sign(), await sign({ sub: 'person-2' })];
    expect(one.knows(token)).toBe(false);
    await one.verify(token);
    await one.verifyAsOf(other, now);
    expect([token, other, `${token}=`, '', 'a'.repeat(100_000)].map((each) => one.knows(each))).toEqual([
      ...[true, false, false, false, false],
    ]);
    at = new Date(now.getTime() + 599_000);
    expect(one.knows(token)).toBe(true);
    at = new Date(now.getTime() + 600_000);
    expect(one.knows(token)).toBe(false);
  });

  it('is known no more once its key was withdrawn', async () => {
    let at = now;
    const trusted = { keys: [...keys.keys] };
    let current = fixedKeys(trusted);
    const one = new TokenVerifier({
      ...{ issuer, audience, now: () => at, cacheSeconds: 60 },
      keys: { keyOf: (header) => current(header) } as IssuerKeys,
    });
    const token = await sign();
    await one.verify(token);
    current = fixedKeys({ keys: trusted.keys.slice(1) });
    at = new Date(now.getTime() + 61_000);
    expect(one.knows(token)).toBe(true);
    await expect(one.verify(token)).rejects.toMatchObject({ code: 'token_key_unknown' });
    expect(one.knows(token)).toBe(false);
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

  it("is a person's, and bound to no certificate", async () => {
    const bound = { cnf: { 'x5t#S256': thumbprint } };
    for (const claims of [bound, { sub: 'spiffe://billing/shop' }, { sub: 'spiffe://billing/shop', ...bound }])
      await expect(verifier().verifyAsOf(await sign(claims), now)).rejects.toMatchObject({
        code: 'token_certificate_required',
      });
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
