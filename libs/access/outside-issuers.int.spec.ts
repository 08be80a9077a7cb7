import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { issueCertificate } from '#platform/tls';
import { exportJWK, SignJWT } from 'jose';
import type { JWK } from 'jose';
import { OAuth2Server } from 'oauth2-mock-server';
import type { MutableToken } from 'oauth2-mock-server';
import type { Provider } from 'oidc-provider';

import { IssuerKeys } from './jwks/index.js';
import { unknownKeyPauseMs } from './jwks/issuer-keys.js';
import type { Peer } from './peer.js';
import type { ServiceRegistrations } from './token-bearer.js';
import { TokenVerifier } from './token-verifier.js';

const audience = 'billing-service';
const tenant = '11111111-1111-4111-8111-111111111111';
const shop = 'spiffe://acme.example/shop';
const services: ServiceRegistrations = {
  serviceOf: (id) =>
    Promise.resolve(
      id === shop
        ? { name: 'shop', tenants: new Set([tenant]), scopes: new Set(['billing:read', 'billing:write']) }
        : undefined,
    ),
};

/** The warnings of oidc-provider are about its own deployment: its Node, and that it keeps nothing. */
const quietly = async <T>(work: () => T | Promise<T>): Promise<T> => {
  const { warn } = console;
  console.warn = () => undefined;
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
};
const oidc = await quietly(() => import('oidc-provider'));

/** A verifier as the api has it, with a clock that the test sets. */
const verifierFor = (issuer: string, jwksUrl: string) => {
  let ms = 0;
  const keys = new IssuerKeys(new URL(jwksUrl), { now: () => ms });
  const verifier = new TokenVerifier({ issuer, audience, keys, services, cacheSeconds: 0 });
  return { verifier, wait: (byMs: number) => void (ms += byMs) };
};

/** Gets a token as every OAuth client does (RFC 6749 section 4.4). */
const tokenFrom = async (endpoint: string, form: Record<string, string>, headers = {}): Promise<string> => {
  const response = await fetch(endpoint, { method: 'POST', headers, body: new URLSearchParams(form) });
  const body = (await response.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return body.access_token;
};

/** What `token` says, signed by a key that the issuer never had. */
const forge = async (token: string): Promise<string> => {
  const [header = '', payload = ''] = token.split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, string>;
  const { privateKey } =
    read(header).alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2_048 });
  return new SignJWT(read(payload)).setProtectedHeader(read(header) as { alg: string }).sign(privateKey);
};
const forged = { status: 401, code: 'token_invalid_signature' };

describe('oauth2-mock-server', () => {
  const server = new OAuth2Server();
  let url: string;
  let claims: Record<string, unknown>;
  beforeAll(async () => {
    await server.issuer.keys.generate('RS256', { kid: 'first' });
    await server.start(0, '127.0.0.1');
    url = server.issuer.url ?? '';
    server.service.on('beforeTokenSigning', ({ payload }: MutableToken) => Object.assign(payload, claims));
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    claims = { aud: audience, sub: 'ada', roles: ['tenant_admin'], tenant_id: tenant };
  });
  const token = () =>
    tokenFrom(`${url}/token`, { grant_type: 'client_credentials', scope: 'billing:read billing:write' });

  it('issues tokens that are taken, before and after it has a new key', async () => {
    const { verifier, wait } = verifierFor(url, `${url}/jwks`);
    const principal = {
      kind: 'person',
      subject: 'ada',
      tenantId: tenant,
      scopes: new Set(['billing:read', 'billing:write']),
    };
    const old = await token();
    expect(await verifier.verify(old)).toMatchObject(principal);
    await expect(verifier.verify(await forge(old))).rejects.toMatchObject(forged);

    const { kid } = await server.issuer.keys.generate('ES256', { kid: 'second' });
    const fresh = await server.issuer.buildToken({
      kid,
      scopesOrTransform: (_, payload) => void Object.assign(payload, claims),
    });
    wait(unknownKeyPauseMs);
    expect(await verifier.verify(fresh)).toMatchObject({ subject: 'ada' });
    expect(await verifier.verify(old)).toMatchObject(principal);
    await expect(verifier.verify(await forge(fresh))).rejects.toMatchObject(forged);
  });

  it('issues tokens for others that are refused', async () => {
    const { verifier } = verifierFor(url, `${url}/jwks`);
    claims = { ...claims, aud: 'another-service' };
    await expect(verifier.verify(await token())).rejects.toMatchObject({ code: 'token_wrong_audience' });
    claims = { ...claims, aud: audience, tenant_id: 'all' };
    await expect(verifier.verify(await token())).rejects.toMatchObject({ code: 'token_invalid_claims' });
    const { verifier: ofAnother } = verifierFor(`${url}/another`, `${url}/jwks`);
    await expect(ofAnother.verify(await token())).rejects.toMatchObject({ code: 'token_wrong_issuer' });
  });
});

describe('oidc-provider', () => {
  let answer: RequestListener;
  const server = createServer((request, response) => {
    answer(request, response);
  });
  let url: string;
  let peer: Peer;
  let certificate: string;
  let provider: Provider;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const issued = await issueCertificate({
      ...{ commonName: 'shop', names: [{ type: 'url', value: shop }] },
      ...{ notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 60_000) },
    });
    certificate = Buffer.from(issued.certificate.rawData).toString('base64');
    const digest = await crypto.subtle.digest('SHA-256', issued.certificate.rawData);
    peer = { spiffeId: shop, thumbprint: Buffer.from(digest).toString('base64url') };
  });
  afterAll(() => server.close());

  const newKey = async (kid: string): Promise<JWK> => ({
    ...(await exportJWK(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)),
    ...{ kid, alg: 'ES256', use: 'sig' },
  });
  /** Starts it with these keys in the place of the one before. */
  const publish = async (...keys: JWK[]) => {
    provider = await quietly(() => openProvider(keys));
    const respond = provider.callback();
    answer = (request, response) => void respond(request, response);
  };
  const openProvider = (keys: JWK[]) =>
    new oidc.Provider(url, {
      jwks: { keys },
      clients: [
        {
          client_id: shop,
          client_secret: 'a secret of the shop that is long enough',
          token_endpoint_auth_method: 'client_secret_post',
          grant_types: ['client_credentials'],
          ...{ redirect_uris: [], response_types: [], tls_client_certificate_bound_access_tokens: true },
          id_token_signed_response_alg: 'ES256',
        },
      ],
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        mTLS: {
          enabled: true,
          certificateBoundAccessTokens: true,
          getCertificate: ({ req }) => new X509Certificate(Buffer.from(String(req.headers['x-certificate']), 'base64')),
        },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: () => ({
            ...{ scope: 'billing:read billing:write billing:refund', audience, accessTokenFormat: 'jwt' },
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
      ttl: { ClientCredentials: 300, AccessToken: 300, Grant: 300 },
      extraTokenClaims: (_, { kind }) => (kind === 'AccessToken' ? ofPerson : {}),
    });
  const ofPerson = {
    ...{ tenant_id: tenant, roles: ['tenant_admin'], acr: 'phr', amr: ['pwd', 'otp'] },
    auth_time: Math.floor(Date.now() / 1_000),
  };
  const serviceToken = () =>
    tokenFrom(
      `${url}/token`,
      {
        ...{
          grant_type: 'client_credentials',
          client_id: shop,
          resource: 'urn:billing',
          scope: 'billing:read billing:refund',
        },
        client_secret: 'a secret of the shop that is long enough',
      },
      { 'x-certificate': certificate },
    );
  const verifiers = () => verifierFor(url, `${url}/jwks`);

  it('issues a service its token (RFC 9068), bound to its certificate (RFC 8705): it is taken with that alone', async () => {
    await publish(await newKey('first'));
    const { verifier } = verifiers();
    const token = await serviceToken();
    expect(await verifier.verify(token, peer)).toMatchObject({
      ...{ kind: 'service', subject: shop, scopes: new Set(['billing:read']), tenants: new Set([tenant]) },
    });
    for (const other of [undefined, { ...peer, thumbprint: 'A'.repeat(43) }])
      await expect(verifier.verify(token, other)).rejects.toMatchObject({ code: 'token_certificate_required' });
    await expect(verifier.verify(await forge(token), peer)).rejects.toMatchObject(forged);
  });

  it('issues a person theirs', async () => {
    await publish(await newKey('first'));
    const client = await provider.Client.find(shop);
    if (!client) throw new Error('there is no such client');
    const token = new provider.AccessToken({
      accountId: 'ada',
      client,
      grantId: 'g',
      gty: 'x',
      scope: 'billing:refund',
    });
    token.resourceServer = new provider.ResourceServer('urn:billing', {
      ...{ scope: 'billing:refund', audience, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } },
    });
    expect(await verifiers().verifier.verify(await token.save())).toMatchObject({
      ...{ kind: 'person', subject: 'ada', tenantId: tenant, scopes: new Set(['billing:refund']), acr: 'phr' },
    });
  });

  it('takes a key out of use: what it signed is refused once we have looked, what the new one signs is taken', async () => {
    const [first, second] = [await newKey('first'), await newKey('second')];
    await publish(first);
    const { verifier, wait } = verifiers();
    const old = await serviceToken();
    await verifier.verify(old, peer);
    await publish(second);
    const fresh = await serviceToken();
    await expect(verifier.verify(fresh, peer)).rejects.toMatchObject({ code: 'token_key_unknown' });
    wait(unknownKeyPauseMs);
    await expect(verifier.verify(fresh, peer)).resolves.toMatchObject({ kind: 'service' });
    await expect(verifier.verify(old, peer)).rejects.toMatchObject({ code: 'token_key_unknown' });
  });
});
