import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { startStripeSandbox } from '#stripe-sandbox';

/** Starts the Stripe sandbox on SANDBOX_PORT of loopback; its records are in `stripe-sandbox/` of BILLING_DATA_DIR. */
export const start = async (environment: NodeJS.ProcessEnv): Promise<{ close(): Promise<void> }> => {
  const directory = join(environment.BILLING_DATA_DIR ?? '.billing', 'stripe-sandbox');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return startStripeSandbox({ directory, port: Number(environment.SANDBOX_PORT), host: '127.0.0.1' });
};
