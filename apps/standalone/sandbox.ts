import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { ConfigurationError, unusablePort } from '#platform/configuration';
import type { ConfiguredEndpoint } from '#stripe-sandbox';
import { startStripeSandbox } from '#stripe-sandbox';
import { subscribedTypes } from '#processor/stripe/events';

/** Where the sandbox sends its events: the platform's to SANDBOX_WEBHOOK_URL, those of connected accounts to `/connect` below it. */
const webhooksIn = (environment: NodeJS.ProcessEnv): ConfiguredEndpoint[] => {
  const {
    SANDBOX_WEBHOOK_URL: url = '',
    SANDBOX_WEBHOOK_SECRET: secret = '',
    SANDBOX_CONNECT_WEBHOOK_SECRET: connectSecret = '',
  } = environment;
  if (url === '') return [];
  if (!URL.canParse(url)) throw new ConfigurationError('SANDBOX_WEBHOOK_URL must be a URL');
  if (secret === '') throw new ConfigurationError('SANDBOX_WEBHOOK_SECRET must be set where SANDBOX_WEBHOOK_URL is');
  // As an operator does at Stripe: what nobody here has a use for would only be stored and thrown away.
  const platform = { url, secret, events: subscribedTypes };
  return connectSecret === ''
    ? [platform]
    : [platform, { ...platform, url: `${url.replace(/\/$/, '')}/connect`, secret: connectSecret, connect: true }];
};

/**
 * Starts the Stripe sandbox on SANDBOX_PORT of loopback; its records are in `stripe-sandbox/` of BILLING_DATA_DIR.
 * @throws ConfigurationError for a webhook address without its secret, and for a port that is taken
 */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const directory = join(environment.BILLING_DATA_DIR ?? '.billing', 'stripe-sandbox');
  const webhooks = webhooksIn(environment);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const port = Number(environment.SANDBOX_PORT);
  return startStripeSandbox({ directory, port, host: '127.0.0.1', webhooks }).catch((error: unknown) => {
    throw unusablePort('SANDBOX_PORT', port, error);
  });
};
