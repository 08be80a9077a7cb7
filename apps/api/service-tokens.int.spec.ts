import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { registerProducer, revokeProducer } from '#access/producers';
import type { Grants } from '#access/producers';
import { OAuth2Server } from 'oauth2-mock-server';

import type { Issued } from '../../libs/platform/tls/testing/authority.js';
import {
  clientCertificate,
  idOf,
  newAuthority,
  serverCertificate,
  thumbprintOf,
} from '../../libs/platform/tls/testing/authority.js';
import { until } from '../../libs/platform/tls/testing/visit.js';
import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import { start } from './main.js';

const issuer = new OAuth2Server();
const shop = idOf('shop');
let database: TestDatabase;
let directory: string;
let api: Awaited<ReturnType<typeof start>>;
let authority: Issued;
let shown: Record<'shop' | 'mall' | 'stranger' | 'stall' | 'clerk', Issued>;
let [tenant, other] = ['', ''];

beforeAll(async () => {
  [database, directory, authority] = await Promise.all([
    createTestDatabase(),
    mkdtemp(join(tmpdir(), 'billing-services-')),
    newAuthority(),
    issuer.issuer.keys.generate('ES256'),
    issuer.start(0, '127.0.0.1'),
  ]);
  [tenant, other] = [await database.addTenant(), await database.addTenant()];
  const certify = (service: string) => clientCertificate(authority, service);
  shown = {
    ...{ shop: await certify('shop'), mall: await certify('mall'), stranger: await certify('stranger') },
    ...{ stall: await certify('stall'), clerk: await certify('clerk') },
  };
  const grants: Grants = { tenants: [tenant], scopes: ['billing:read'] };
  await registerProducer(database.admin, 'shop', { ...grants, spiffeId: shop });
  await registerProducer(database.admin, 'mall', { ...grants, tenants: 'all', spiffeId: idOf('mall') });
  for (const name of ['stall', 'clerk'])
    await registerProducer(database.admin, name, { ...grants, spiffeId: idOf(name) });
  const server = await serverCertificate(authority);
  const file = async (name: string, content: string) => {
    await writeFile(join(directory, name), content);
    return join(directory, name);
  };
  api = await start({
    ...{ BILLING_ENV: 'test', BILLING_DATA_DIR: directory, LOG_LEVEL: 'silent', PORT: '0', SERVICE_PORT: '0' },
    DATABASE_URL: database.url('billing_api'),
    AUTH_ISSUER: issuer.issuer.url,
    AUTH_JWKS_URL: `${issuer.issuer.url ?? ''}/jwks`,
    TLS_CERT: await file('server.crt', server.certificatePem),
    TLS_KEY: await file('server.key', server.keyPem),
    TLS_CLIENT_CA: await file('ca.crt', authority.certificatePem),
    TLS_CLIENT_ALLOW: await file(
      'allow.txt',
      Object.keys(shown)
        .map((name) => `${idOf(name)}\n`)
        .join(''),
    ),
  });
});
afterAll(async () => {
  await api.close();
  await issuer.stop();
  await database.drop();
  await rm(directory, { recursive: true });
});

const sign = (claims: Record<string, unknown>) =>
  issuer.issuer.buildToken({
    scopesOrTransform: (_, payload) => void Object.assign(payload, { aud: 'billing-service', ...claims }),
  });
const ofService = async (service: keyof typeof shown, claims = {}) =>
  sign({ sub: idOf(service), cnf: { 'x5t#S256': await thumbprintOf(shown[service]) }, ...claims });
const steppedUp = () => ({ amr: ['pwd', 'otp'], auth_time: Math.floor(Date.now() / 1_000) });
const ofPerson = (claims = {}) => sign({ sub: 'ada', tenant_id: tenant, roles: ['tenant_admin'], ...claims });

interface Asked {
  /** The service whose certificate is shown; without one it comes to the listener for everybody. */
  as?: keyof typeof shown;
  method?: string;
  path?: string;
  headers?: Record<string, string>;
}

/** What the api answers to a token. */
const ask = async (token: string, asked: Asked = {}) => {
  const { status, body } = await send(token, asked);
  const { code } = (body.startsWith('{') ? JSON.parse(body) : {}) as { code?: string };
  return { status, ...(code !== undefined && { code }) };
};
const send = async (token: string, { as, method = 'GET', path = '/v1/balances', headers = {} }: Asked) => {
  const credentials = as && { cert: shown[as].certificatePem, key: shown[as].keyPem };
  const sent = request(new URL(path, as ? api.serviceUrl : api.url), {
    ...{ method, agent: false, ca: authority.certificatePem, ...credentials },
    headers: { authorization: `Bearer ${token}`, connection: 'close', ...headers },
  });
  sent.end(method === 'POST' ? '{}' : undefined);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('error', reject).once('response', resolve);
  });
  return { status: response.statusCode, body: await text(response) };
};
const refund = (): Asked => ({
  ...{ as: 'shop', method: 'POST', path: `/v1/payments/${randomUUID()}/refunds` },
  headers: { 'idempotency-key': randomUUID(), 'content-type': 'application/json' },
});

describe('a service with a token of an outside issuer', () => {
  it('reads for the tenants of its registration, whether the token or Billing-Tenant names them', async () => {
    const token = await ofService('shop');
    expect(await ask(token, { as: 'shop', headers: { 'billing-tenant': tenant } })).toEqual({ status: 200 });
    expect(await ask(await ofService('shop', { tenant_id: tenant }), { as: 'shop' })).toEqual({ status: 200 });
    const mismatch = { status: 403, code: 'tenant_mismatch' };
    expect(await ask(token, { as: 'shop', headers: { 'billing-tenant': other } })).toEqual(mismatch);
    expect(await ask(await ofService('shop', { tenant_id: other }), { as: 'shop' })).toEqual(mismatch);
    expect(await ask(token, { as: 'shop' })).toEqual({ status: 403, code: 'tenant_required' });
    const everywhere = { as: 'mall', headers: { 'billing-tenant': other } } as const;
    expect(await ask(await ofService('mall'), everywhere)).toEqual({ status: 200 });
  });

  it("never sees the platform's own log, though it is registered for all tenants", async () => {
    const platform = { 'billing-tenant': '00000000-0000-4000-8000-000000000000' };
    const answer = await ask(await ofService('mall'), { as: 'mall', path: '/v1/events', headers: platform });
    expect(answer).toEqual({ status: 403, code: 'tenant_mismatch' });
  });

  it('is nobody without its certificate, on every listener', async () => {
    const token = await ofService('shop', { tenant_id: tenant });
    const nobody = { status: 401, code: 'token_certificate_required' };
    expect([await ask(token), await ask(token, { as: 'mall' })]).toEqual([nobody, nobody]);
    expect(await ask(token, { as: 'shop' })).toEqual({ status: 200 });
    expect(await ask(token)).toEqual(nobody);
  });

  it('is refused until it is registered, and again a few seconds after it was revoked', async () => {
    const token = await ofService('stranger', { tenant_id: tenant });
    const unknown = { status: 403, code: 'service_not_registered' };
    expect(await ask(token, { as: 'stranger' })).toEqual(unknown);
    const grants: Grants = { spiffeId: idOf('stranger'), tenants: [tenant], scopes: ['billing:read'] };
    await registerProducer(database.admin, 'stranger', grants);
    expect(await ask(token, { as: 'stranger' })).toEqual({ status: 200 });
    await revokeProducer(database.admin, 'stranger');
    await until('the revocation', async () => (await ask(token, { as: 'stranger' })).status === 403);
    expect(await ask(token, { as: 'stranger' })).toEqual(unknown);
  });

  it('has no right to a refund, whatever its token says, but forwards the person who has', async () => {
    const insufficient = { status: 403, code: 'insufficient_scope' };
    const claims = { tenant_id: tenant, roles: ['tenant_admin'], scope: 'billing:refund', ...steppedUp() };
    expect(await ask(await ofService('shop', claims), refund())).toEqual(insufficient);
    const act = { act: { sub: shop } };
    expect(await ask(await ofPerson({ ...act, ...steppedUp() }), refund())).toMatchObject({ status: 404 });
    expect(await ask(await ofPerson(act), refund())).toMatchObject({ code: 'insufficient_user_authentication' });
    const create = { ...refund(), path: '/v1/customers' };
    expect(await ask(await ofPerson({ ...act, ...steppedUp() }), create)).toEqual(insufficient);
  });

  it('forwards nobody who did not let it, and nobody of a tenant that is not its own', async () => {
    const act = { act: { sub: shop } };
    expect(await ask(await ofPerson(act), { as: 'shop' })).toEqual({ status: 200 });
    expect(await ask(await ofPerson(act), { as: 'mall' })).toEqual({ status: 403, code: 'token_for_another_service' });
    expect(await ask(await ofPerson(act))).toEqual({ status: 401, code: 'token_certificate_required' });
    const mismatch = { status: 403, code: 'tenant_mismatch' };
    expect(await ask(await ofPerson({ ...act, tenant_id: other }), { as: 'shop' })).toEqual(mismatch);
    const ofPlatform = await ofPerson({ ...act, tenant_id: undefined, roles: ['platform_admin'] });
    const named = (id: string): Asked => ({ as: 'shop', headers: { 'billing-tenant': id } });
    expect(await ask(ofPlatform, named(tenant))).toEqual({ status: 200 });
    expect(await ask(ofPlatform, named(other))).toEqual(mismatch);
  });
});

describe('a person with a token of an outside issuer', () => {
  it('is let in, the keys having been fetched once', async () => {
    expect(await ask(await ofPerson())).toEqual({ status: 200 });
    expect(await ask(await ofPerson({ aud: 'another' }))).toEqual({ status: 401, code: 'token_wrong_audience' });
    const { body } = await send('', { path: '/metrics' });
    expect(body).toMatch(/^billing_issuer_keys_fetches_total\{outcome="fetched",app="api"\} 1$/m);
    expect(body).toMatch(/^billing_issuer_keys_age_seconds\{app="api"\} \d/m);
  });
});

describe('a stream of events', () => {
  /** An open stream, as `as` or at the listener for everybody; `told` is what its last event was about, once it has ended. */
  const follow = async (token: string, as?: keyof typeof shown) => {
    const credentials = as && { cert: shown[as].certificatePem, key: shown[as].keyPem };
    const sent = request(new URL('/v1/events', as ? api.serviceUrl : api.url), {
      ...{ agent: false, ca: authority.certificatePem, ...credentials },
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', 'billing-tenant': tenant },
    });
    sent.end();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.once('error', reject).once('response', resolve);
    });
    const stream = { status: response.statusCode, told: undefined as unknown, close: () => sent.destroy() };
    sent.on('error', () => undefined);
    void text(response)
      .then((all) => (stream.told = /event: problem\ndata: .*"code":"(\w+)"/.exec(all)?.[1]))
      .catch(() => undefined);
    return stream;
  };

  it('ends within a few seconds of the end of the right that it was opened by, and of no other', async () => {
    const act = { act: { sub: idOf('clerk') } };
    const [revoked, elsewhere, writer, person, forwarded] = await Promise.all([
      follow(await ofService('stall'), 'stall'),
      follow(await ofService('shop'), 'shop'),
      follow(await ofService('mall'), 'mall'),
      follow(await ofPerson()),
      follow(await ofPerson(act), 'clerk'),
    ]);
    expect([revoked, elsewhere, writer, person, forwarded].map(({ status }) => status)).toEqual(Array(5).fill(200));
    await revokeProducer(database.admin, 'stall');
    await registerProducer(database.admin, 'shop', { tenants: [other] });
    await registerProducer(database.admin, 'mall', { scopes: ['billing:write'] });
    await registerProducer(database.admin, 'clerk', { tenants: [other] });
    const told = () => [revoked, elsewhere, writer, forwarded].map((stream) => stream.told);
    await until('the streams to end', () => Promise.resolve(!told().includes(undefined)));
    expect(told()).toEqual(['service_not_registered', 'tenant_mismatch', 'insufficient_scope', 'tenant_mismatch']);
    expect(person.told).toBeUndefined();
    person.close();
    await until('the denial to be told', async () => {
      const { rowCount } = await database.admin.query(
        `select from billing.event where type = 'AccessDenied' and data like '%"action":"events.list"%"code":"tenant_mismatch"%'
          and data like '%"subject":"${shop}"%'`,
      );
      return rowCount !== 0;
    });
  });
});
