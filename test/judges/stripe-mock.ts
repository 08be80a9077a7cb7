/**
 * stripe-mock, Stripe's own stateless server: it knows every parameter of its version of the API and refuses all others, and brings the
 * OpenAPI document that answers are held against.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePorts } from '../kafka/ports.js';
import { outputOf, startChild } from './child.js';
import { OpenApi } from './openapi.js';
import type { Exchange } from './recorder.js';

const version = 'v0.203.0';
export const howToInstall = `go install github.com/stripe/stripe-mock@${version}`;

const documentPath = async (): Promise<string | undefined> => {
  const modules = await outputOf('go', ['env', 'GOMODCACHE']);
  if (modules === undefined) return undefined;
  return join(modules, 'github.com', 'stripe', `stripe-mock@${version}`, 'embedded', 'openapi', 'spec3.json');
};

/** Whether it is on PATH, and its document where Go keeps modules. */
export const stripeMockInstalled = async (): Promise<boolean> =>
  (await outputOf('stripe-mock', ['-version'])) !== undefined && (await openDocument()) !== undefined;

/** Its OpenAPI document; undefined when it is not there. */
export const openDocument = async (): Promise<OpenApi | undefined> => {
  const path = await documentPath();
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : new OpenApi(JSON.parse(text) as ConstructorParameters<typeof OpenApi>[0]);
};

export interface StripeMock {
  /** Why it refuses the request of `exchange`; undefined when it takes it. */
  refuses(exchange: Exchange): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Starts it on two free ports of loopback. */
export const startStripeMock = async (): Promise<StripeMock> => {
  const [http = 0, https = 0] = await freePorts(2);
  const args = ['-http-addr', `127.0.0.1:${String(http)}`, '-https-addr', `127.0.0.1:${String(https)}`];
  const close = await startChild('stripe-mock', args, http);
  return {
    refuses: async ({ method, path, body }) => {
      const response = await fetch(`http://127.0.0.1:${String(http)}${path}`, {
        method,
        headers: {
          authorization: 'Bearer sk_test_123',
          ...(method === 'POST' && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(body !== '' && { body }),
      });
      const { error } = (await response.json()) as { error?: { message: string } };
      return error && `${method} ${path}: ${error.message}`;
    },
    close,
  };
};
