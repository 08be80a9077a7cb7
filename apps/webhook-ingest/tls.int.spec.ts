import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConfigurationError, readInboundSettings } from '#platform/configuration';

import type { Issued } from '../../libs/platform/tls/testing/authority.js';
import { newAuthority, serverCertificate } from '../../libs/platform/tls/testing/authority.js';
import { start } from './main.js';
import type { RunningIngest } from './testing/running-ingest.js';
import { eventBody, signed, startIngest } from './testing/running-ingest.js';

let directory: string;
let authority: Issued;
let ingest: RunningIngest;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'billing-ingest-tls-'));
  authority = await newAuthority();
  const server = await serverCertificate(authority);
  const files = { TLS_CERT: join(directory, 'cert.pem'), TLS_KEY: join(directory, 'key.pem') };
  await writeFile(files.TLS_CERT, server.certificatePem);
  await writeFile(files.TLS_KEY, server.keyPem);
  ingest = await startIngest({ inbound: readInboundSettings(files, 'webhook-ingest') });
}, 60_000);
afterAll(async () => {
  await ingest.close();
  await rm(directory, { recursive: true });
});

/** POST of a delivery. Gives the status, or the code of what went wrong. */
const deliver = (body: string, maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<number | string> =>
  new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'stripe-signature': signed(body), connection: 'close' };
    const options = { method: 'POST', agent: false, ca: authority.certificatePem, maxVersion, headers };
    const sent = request(`${ingest.url}/webhooks/stripe`, options, (response) => {
      response.resume().on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    sent.end(body);
  });

describe('webhooks by TLS', () => {
  it('are taken by TLS 1.3, without a client certificate, which Stripe has none of, and by nothing older', async () => {
    expect(ingest.url).toMatch(/^https:/);
    expect(await deliver(eventBody('evt_by_tls'), 'TLSv1.3')).toBe(200);
    expect(await deliver(eventBody('evt_by_older'), 'TLSv1.2')).toBe('EPROTO');
    expect((await ingest.rows()).map(({ event_id }) => event_id)).toEqual(['evt_by_tls']);
  });

  it('are not taken in plain from other machines', async () => {
    const starting = start({
      BILLING_ENV: 'test',
      DATABASE_URL: ingest.database.url('billing_webhook_ingest'),
      WEBHOOK_HOST: '0.0.0.0',
    });
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow('WEBHOOK_HOST is 0.0.0.0, which other machines may reach');
  });

  it('are not taken on a port that others have, and it is said which setting changes it', async () => {
    const { port } = new URL(ingest.url);
    const starting = start({
      BILLING_ENV: 'test',
      BILLING_DATA_DIR: directory,
      LOG_LEVEL: 'silent',
      DATABASE_URL: ingest.database.url('billing_webhook_ingest'),
      WEBHOOK_PORT: port,
    });
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow(
      `WEBHOOK_PORT: port ${port} is taken: stop what listens there, or set WEBHOOK_PORT to another one`,
    );
  });
});
