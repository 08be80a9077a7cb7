import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import type { JWTPayload } from 'jose';

import type { Peer } from './peer.js';
import type { Producer } from './producers/producer.js';
import type { Scope } from './roles.js';
import { TokenVerifier } from './token-verifier.js';

const names = { issuer: 'https://issuer.example', audience: 'billing' };
const tenant = '11111111-1111-4111-8111-111111111111';
const other = '22222222-2222-4222-8222-222222222222';
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const shop: Peer = { spiffeId: 'spiffe://acme.example/shop', thumbprint: 'A'.repeat(43) };
const renewed: Peer = { ...shop, thumbprint: `${'B'.repeat(42)}A` };
const mall: Peer = { spiffeId: 'spiffe://acme.example/mall', thumbprint: `${'C'.repeat(42)}A` };
let registered: Map<string, Producer>;
beforeEach(() => {
  const scopes = new Set<Scope>(['billing:read', 'billing:write']);
  registered = new Map([
    [shop.spiffeId, { name: 'shop', spiffeId: shop.spiffeId, tenants: new Set([tenant]), scopes }],
    [
      mall.spiffeId,
      { name: 'mall', spiffeId: mall.spiffeId, tenants: 'all', scopes: new Set<Scope>(['billing:read']) },
    ],
  ]);
});

const verifierOf = async () =>
  new TokenVerifier({
    ...names,
    keys: { keys: [await exportJWK(pair.publicKey)] },
    services: { serviceOf: (spiffeId) => Promise.resolve(registered.get(spiffeId)) },
  });
const sign = (claims: JWTPayload) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
    .setIssuer(names.issuer)
    .setAudience(names.audience)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(pair.privateKey);
const boundTo = (peer: Peer) => ({ cnf: { 'x5t#S256': peer.thumbprint } });
const ofService = (claims: JWTPayload = {}) => sign({ sub: shop.spiffeId, ...boundTo(shop), ...claims });
const ofPerson = (claims: JWTPayload = {}) =>
  sign({ sub: 'ada', tenant_id: tenant, roles: ['tenant_admin'], ...claims });
const verify = async (token: string, peer?: Peer) => (await verifierOf()).verify(token, peer);

describe('a token of a service', () => {
  it('has the scopes and tenants of its registration, whatever it says itself', async () => {
    const token = await ofService({ roles: ['platform_admin', 'tenant_admin'], amr: ['mfa'], acr: 'phr' });
    expect(await verify(token, shop)).toMatchObject({
      ...{ kind: 'service', subject: shop.spiffeId, roles: [], amr: [] },
      ...{ scopes: new Set(['billing:read', 'billing:write']), tenants: new Set([tenant]) },
    });
    expect((await verify(token, shop)).acr).toBeUndefined();
  });

  it('is narrowed by its scope claim and never widened', async () => {
    const scopes = async (scope: string) => [...(await verify(await ofService({ scope }), shop)).scopes];
    expect(await scopes('billing:read')).toEqual(['billing:read']);
    expect(await scopes('openid billing:refund billing:admin')).toEqual([]);
  });

  it('never has a scope that takes a person, even if a registration said so', async () => {
    const scopes = new Set<Scope>(['billing:read', 'billing:refund', 'billing:review', 'billing:payout:trigger']);
    registered.set(shop.spiffeId, { name: 'shop', tenants: 'all', scopes });
    expect((await verify(await ofService(), shop)).scopes).toEqual(new Set(['billing:read']));
  });

  it.each([
    ['no certificate', undefined],
    ["another service's certificate", mall],
    ['another certificate of the same service', renewed],
    ["another service's certificate with the same digest", { ...mall, thumbprint: shop.thumbprint }],
  ])('is refused with %s', async (_, peer) => {
    await expect(verify(await ofService(), peer)).rejects.toMatchObject({
      status: 401,
      code: 'token_certificate_required',
    });
  });

  it('is refused when it is bound to no certificate, even over a connection that has the right one', async () => {
    const code = 'token_certificate_required';
    await expect(verify(await ofService({ cnf: undefined }), shop)).rejects.toMatchObject({ status: 401, code });
  });

  it('is judged by the certificate of each request, though the token is remembered', async () => {
    const [verifier, token] = [await verifierOf(), await ofService()];
    await verifier.verify(token, shop);
    for (const peer of [undefined, mall, renewed])
      await expect(verifier.verify(token, peer)).rejects.toMatchObject({ code: 'token_certificate_required' });
    await expect(verifier.verify(token, shop)).resolves.toMatchObject({ kind: 'service' });
  });

  it('is refused from the moment the service is not registered any more', async () => {
    const [verifier, token] = [await verifierOf(), await ofService()];
    await verifier.verify(token, shop);
    registered.clear();
    await expect(verifier.verify(token, shop)).rejects.toMatchObject({ status: 403, code: 'service_not_registered' });
  });

  it('is refused where no service is known', async () => {
    const keys = { keys: [await exportJWK(pair.publicKey)] };
    const verifier = new TokenVerifier({ ...names, keys });
    await expect(verifier.verify(await ofService(), shop)).rejects.toMatchObject({ code: 'service_not_registered' });
  });
});

describe('a token of a person', () => {
  it('that is bound to a certificate comes with it alone, request by request', async () => {
    const [verifier, token] = [await verifierOf(), await ofPerson(boundTo(shop))];
    await expect(verifier.verify(token, shop)).resolves.toMatchObject({ kind: 'person', subject: 'ada' });
    for (const peer of [undefined, mall, renewed])
      await expect(verifier.verify(token, peer)).rejects.toMatchObject({ code: 'token_certificate_required' });
  });

  it('that is bound to nothing comes over any connection', async () => {
    const token = await ofPerson();
    for (const peer of [undefined, mall]) expect(await verify(token, peer)).not.toHaveProperty('tenants');
  });
});

describe('a token that lets a service act for a person', () => {
  const act = (peer: Peer) => ({ act: { sub: peer.spiffeId } });

  it("gives the person, the service, and what both may do; a second factor stays the person's", async () => {
    expect(await verify(await ofPerson(act(shop)), shop)).toMatchObject({
      ...{ kind: 'person', subject: 'ada', actingParty: shop.spiffeId, tenants: new Set([tenant]) },
      scopes: new Set(['billing:read', 'billing:write', 'billing:refund', 'billing:review']),
    });
    const throughReader = await verify(await ofPerson(act(mall)), mall);
    expect(throughReader.scopes).toEqual(new Set(['billing:read', 'billing:refund', 'billing:review']));
  });

  it('counts the outermost actor alone: who acted before says nothing about who may now', async () => {
    const token = await ofPerson({ act: { sub: mall.spiffeId, act: { sub: shop.spiffeId } } });
    await expect(verify(token, mall)).resolves.toBeDefined();
    await expect(verify(token, shop)).rejects.toMatchObject({ code: 'token_for_another_service' });
  });

  it('is refused without that service at the other end, though it was good a moment ago', async () => {
    const [verifier, token] = [await verifierOf(), await ofPerson(act(shop))];
    await verifier.verify(token, shop);
    await expect(verifier.verify(token)).rejects.toMatchObject({ status: 401, code: 'token_certificate_required' });
    await expect(verifier.verify(token, mall)).rejects.toMatchObject({
      status: 403,
      code: 'token_for_another_service',
    });
  });

  it('is refused for a service that is not registered, or not for the tenant', async () => {
    const elsewhere = await ofPerson({ tenant_id: other, ...act(shop) });
    await expect(verify(elsewhere, shop)).rejects.toMatchObject({ status: 403, code: 'tenant_mismatch' });
    registered.clear();
    await expect(verify(await ofPerson(act(shop)), shop)).rejects.toMatchObject({ code: 'service_not_registered' });
  });
});
