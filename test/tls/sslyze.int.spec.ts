import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { start } from '../../apps/api/main.js';
import { clientCertificate, idOf, newAuthority, serverCertificate } from '../../libs/platform/tls/testing/authority.js';
import type { TestDatabase } from '../database/index.js';
import { createTestDatabase } from '../database/index.js';
import type { Findings } from './sslyze.js';
import { howToInstall, sslyze, sslyzeInstalled } from './sslyze.js';

const missing = `sslyze is not on PATH; install it with: ${howToInstall}`;
const installed = await sslyzeInstalled();
const skipped = !installed && !process.env.CI;
if (skipped) process.stderr.write(`skipped: ${missing}\n`);

const onlyTls13: Findings['accepted'] = {
  ssl_2_0: [],
  ssl_3_0: [],
  tls_1_0: [],
  tls_1_1: [],
  tls_1_2: [],
  tls_1_3: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
};
const sound = { heartbleed: false, ccs_injection: false, compression: false, renegotiation: false, early_data: false };

(skipped ? describe.skip : describe)('the listeners of the api, as sslyze sees them', () => {
  let database: TestDatabase | undefined;
  let api: Awaited<ReturnType<typeof start>> | undefined;
  let directory = '';
  const file = (name: string) => join(directory, name);

  beforeAll(async () => {
    if (!installed) throw new Error(missing);
    database = await createTestDatabase();
    directory = await mkdtemp(join(tmpdir(), 'billing-tls-'));
    const authority = await newAuthority();
    const server = await serverCertificate(authority);
    const shop = await clientCertificate(authority, 'shop');
    await writeFile(file('ca.pem'), authority.certificatePem);
    await writeFile(file('api.pem'), server.certificatePem);
    await writeFile(file('api.key'), server.keyPem);
    await writeFile(file('shop.pem'), shop.certificatePem);
    await writeFile(file('shop.key'), shop.keyPem);
    api = await start({
      BILLING_ENV: 'test',
      BILLING_DATA_DIR: directory,
      DATABASE_URL: database.url('billing_api'),
      LOG_LEVEL: 'silent',
      ...{ PORT: '0', SERVICE_PORT: '0', TLS_CERT: file('api.pem'), TLS_KEY: file('api.key') },
      ...{ TLS_CLIENT_CA: file('ca.pem'), TLS_CLIENT_ALLOW: idOf('shop') },
    });
  });
  afterAll(async () => {
    await api?.close();
    await database?.drop();
    if (directory) await rm(directory, { recursive: true });
  });

  const addressOf = (url: string | undefined): string => new URL(url ?? '').host;

  it('services: TLS 1.3 and nothing older, and a certificate is demanded', async () => {
    const found = await sslyze(addressOf(api?.serviceUrl));
    expect(found).toMatchObject({ connectivity: 'COMPLETED', highestVersion: 'TLS_1_3', clientAuth: 'REQUIRED' });
    expect(found.accepted).toEqual(onlyTls13);
    // Early data is asked for after a handshake, which needs a certificate: see below.
    expect(found.weaknesses).toEqual({ ...sound, early_data: 'not asked' });
  }, 120_000);

  it('services, to one of them: the same, and no early data, which could be replayed', async () => {
    const found = await sslyze(addressOf(api?.serviceUrl), { certificate: file('shop.pem'), key: file('shop.key') });
    expect(found.accepted).toEqual(onlyTls13);
    expect(found.weaknesses).toEqual(sound);
  }, 120_000);

  it('people: TLS 1.3 and nothing older, without a certificate', async () => {
    const found = await sslyze(addressOf(api?.url));
    expect(found).toMatchObject({ highestVersion: 'TLS_1_3', clientAuth: 'DISABLED' });
    expect(found.accepted).toEqual(onlyTls13);
    expect(found.weaknesses).toEqual(sound);
  }, 120_000);
});
