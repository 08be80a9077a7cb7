import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DevelopmentIssuer } from '#access';
import { platformTenantId } from '#access/tenancy';
import type { AccessDenied } from '#domain/access';
import { ConfigurationError, developmentIssuer } from '#platform/configuration';

import type { Issued } from '../../libs/platform/tls/testing/authority.js';
import { clientCertificate, idOf, newAuthority, serverCertificate } from '../../libs/platform/tls/testing/authority.js';
import type { TestDatabase } from '../../test/database/index.js';
import { createTestDatabase } from '../../test/database/index.js';
import { start } from './main.js';

let directory: string;
let database: TestDatabase;
let authority: Issued;
let shop: Issued;
let environment: NodeJS.ProcessEnv;
let secure: NodeJS.ProcessEnv;
const file = (name: string): string => join(directory, name);

beforeAll(async () => {
  [database, directory, authority] = await Promise.all([
    createTestDatabase(),
    mkdtemp(join(tmpdir(), 'billing-api-tls-')),
    newAuthority(),
  ]);
  const server = await serverCertificate(authority);
  shop = await clientCertificate(authority, 'shop');
  await writeFile(file('ca.pem'), authority.certificatePem);
  await writeFile(file('api.pem'), server.certificatePem);
  await writeFile(file('api.key'), server.keyPem);
  await writeFile(file('allow'), `${idOf('shop')}\n`);
  environment = {
    BILLING_ENV: 'test',
    BILLING_DATA_DIR: directory,
    DATABASE_URL: database.url('billing_api'),
    LOG_LEVEL: 'silent',
    PORT: '0',
  };
  const files = { TLS_CERT: file('api.pem'), TLS_KEY: file('api.key'), TLS_CLIENT_CA: file('ca.pem') };
  secure = { ...environment, SERVICE_PORT: '0', ...files, TLS_CLIENT_ALLOW: file('allow') };
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});

interface Answer {
  status: number;
  text: string;
  headers: Record<string, unknown>;
}

const ask = (url: string, path: string, shows?: Issued, headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), {
      agent: false,
      headers: { ...headers, connection: 'close' },
      ca: authority.certificatePem,
      ...(shows && { cert: shows.certificatePem, key: shows.keyPem }),
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text, headers: response.headers });
      });
    });
    sent.end();
  });

describe('the api on TLS', () => {
  it('is the same app on both listeners, with its metrics', async () => {
    const api = await start(secure);
    const { url, serviceUrl = '' } = api;
    expect([url, serviceUrl].map((each) => new URL(each).protocol)).toEqual(['https:', 'https:']);
    const keyPath = join(directory, 'development-issuer.json');
    const issuer = await DevelopmentIssuer.open({
      ...{ environment: 'test', keyPath, issuer: developmentIssuer },
      audience: 'billing-service',
    });
    const tenantId = await database.addTenant();
    const authorization = `Bearer ${await issuer.issue({ role: 'tenant_admin', tenantId })}`;
    for (const answer of [
      await ask(url, '/v1/payments', undefined, { authorization }),
      await ask(serviceUrl, '/v1/payments', shop, { authorization }),
    ]) {
      expect(answer).toMatchObject({ status: 200 });
      expect(answer.headers['request-id']).toMatch(/^req_/);
    }
    expect((await ask(serviceUrl, '/nowhere', shop)).status).toBe(404);
    await expect(ask(serviceUrl, '/healthz')).rejects.toThrow();
    const { text } = await ask(url, '/metrics');
    expect(text).toMatch(/billing_tls_refusals_total\{listener="services",reason="no_certificate",app="api"\} 1/);
    expect(text).toContain('billing_tls_certificate_not_after_seconds');
    await api.close();
    await expect(ask(serviceUrl, '/healthz', shop)).rejects.toThrow('ECONNREFUSED');
  });

  it('tells the access log of who is turned away by the listener for services, and of nobody who asks for nothing', async () => {
    const api = await start(secure);
    const { serviceUrl = '' } = api;
    await expect(ask(serviceUrl, '/v1/payments')).rejects.toThrow();
    await expect(ask(serviceUrl, '/v1/payments', await clientCertificate(authority, 'stranger'))).rejects.toThrow();
    await expect(fetch(serviceUrl.replace('https:', 'http:'))).rejects.toThrow();
    await api.close(); // what is yet to be written is, first
    const { rows } = await database.admin.query<{ data: string }>(
      `select data from billing.event where tenant_id = $1 and type = 'AccessDenied' order by position`,
      [platformTenantId],
    );
    const denials = rows.map(({ data }) => JSON.parse(data) as AccessDenied);
    expect(new Set(denials.map(({ code }) => code))).toEqual(new Set(['no_certificate', 'not_allowed']));
    const told = { channel: 'http', action: 'unknown', count: 1 };
    const network = '127.0.0.0/24';
    expect(denials).toContainEqual(expect.objectContaining({ ...told, code: 'no_certificate', origin: { network } }));
    expect(denials).toContainEqual(
      expect.objectContaining({ ...told, code: 'not_allowed', origin: { network, spiffeId: idOf('stranger') } }),
    );
  });

  it.each<[string, string, () => Promise<NodeJS.ProcessEnv>]>([
    [
      'plain HTTP would leave this machine',
      'HOST is 0.0.0.0, which other machines may reach, and plain HTTP is for loopback alone',
      () => Promise.resolve({ ...environment, HOST: '0.0.0.0' }),
    ],
    [
      'a file is not there',
      'TLS_CLIENT_CA: /nowhere/ca.pem cannot be read (ENOENT)',
      () => Promise.resolve({ ...secure, TLS_CLIENT_CA: '/nowhere/ca.pem' }),
    ],
    [
      "the key is another certificate's",
      'TLS_CERT: TLS_KEY is not the key of the certificate in TLS_CERT',
      async () => {
        await writeFile(file('other.key'), (await serverCertificate(authority)).keyPem);
        return { ...secure, TLS_KEY: file('other.key') };
      },
    ],
    [
      'its certificate has expired',
      'TLS_CERT: the certificate in TLS_CERT expired at 20',
      async () => {
        const expired = await serverCertificate(authority, { notAfter: new Date(Date.now() - 1_000) });
        await writeFile(file('expired.pem'), expired.certificatePem);
        await writeFile(file('expired.key'), expired.keyPem);
        return { ...secure, TLS_CERT: file('expired.pem'), TLS_KEY: file('expired.key') };
      },
    ],
    [
      'nobody would be let in',
      'TLS_CLIENT_ALLOW names nobody',
      async () => {
        await writeFile(file('nobody'), '# nobody yet\n');
        return { ...secure, TLS_CLIENT_ALLOW: file('nobody') };
      },
    ],
  ])('does not start where %s, and says why', async (_, message, made) => {
    const given = await made();
    const starting = start(given);
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow(message);
  });

  it('does not start where one of its ports is taken, and says which setting changes it', async () => {
    const api = await start(secure);
    for (const [setting, taken] of [
      ['PORT', api.url],
      ['SERVICE_PORT', api.serviceUrl ?? ''],
    ] as const) {
      const { port } = new URL(taken);
      const starting = start({ ...secure, [setting]: port });
      await expect(starting).rejects.toThrow(ConfigurationError);
      await expect(starting).rejects.toThrow(
        `${setting}: port ${port} is taken: stop what listens there, or set ${setting} to another one`,
      );
    }
    await api.close();
  });

  it('does not start on an address that this machine does not have', async () => {
    const starting = start({ ...secure, HOST: '192.0.2.1' });
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow(/^PORT 0 cannot be used: listen EADDRNOTAVAIL/);
  });
});
