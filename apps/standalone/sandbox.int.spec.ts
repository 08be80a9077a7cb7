import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ConfigurationError } from '#platform/configuration';

import Stripe from 'stripe';

import { start } from './sandbox.js';
import { freePorts } from '../../test/kafka/ports.js';

const url = 'http://127.0.0.1:1/webhooks/stripe';

describe('the sandbox of the standalone', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'standalone-sandbox-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('sends events to the address that it is given, and those of connected accounts below it', async () => {
    const [port = 0] = await freePorts(1);
    const sandbox = await start({
      BILLING_DATA_DIR: directory,
      SANDBOX_PORT: String(port),
      SANDBOX_WEBHOOK_URL: url,
      SANDBOX_WEBHOOK_SECRET: 'whsec_one',
      SANDBOX_CONNECT_WEBHOOK_SECRET: 'whsec_other',
    });
    const stripe = new Stripe('sk_test_123', { host: '127.0.0.1', port, protocol: 'http' });
    const { data } = await stripe.webhookEndpoints.list();
    expect(data.map((endpoint) => endpoint.url).sort()).toEqual([url, `${url}/connect`]);
    for (const { enabled_events: types } of data) {
      expect(types).toEqual(expect.arrayContaining(['payment_intent.succeeded', 'account.updated']));
      expect(types).not.toContain('charge.succeeded'); // nobody reads it
    }
    await sandbox.close();
  });

  it('is not started on a port that others have, and says which setting changes it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const starting = start({ BILLING_DATA_DIR: directory, SANDBOX_PORT: String(port) });
    await expect(starting).rejects.toThrow(ConfigurationError);
    await expect(starting).rejects.toThrow(
      `SANDBOX_PORT: port ${port} is taken: stop what listens there, or set SANDBOX_PORT to another one`,
    );
    other.close();
  });

  it('is not started with an address that is none, or without its secret', async () => {
    const wrong = { BILLING_DATA_DIR: directory, SANDBOX_PORT: '0' };
    await expect(start({ ...wrong, SANDBOX_WEBHOOK_URL: 'webhooks' })).rejects.toThrow('must be a URL');
    await expect(start({ ...wrong, SANDBOX_WEBHOOK_URL: url })).rejects.toThrow('SANDBOX_WEBHOOK_SECRET must be set');
  });
});
