/** A sandbox of its own for a spec, in a directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StripeSandbox, StripeSandboxOptions } from '../index.js';
import { startStripeSandbox } from '../index.js';

export interface SpecSandbox extends StripeSandbox {
  directory: string;
  /** What the official client needs to know to speak to it. */
  client: { host: string; port: number; protocol: 'http'; maxNetworkRetries: number };
  /** A request as it is on the wire. `body` is form text under /v1, JSON under /sandbox. */
  request(
    method: string,
    path: string,
    body?: string,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; text: string; json: WireError & Record<string, unknown> }>;
  /** Tells the sandbox something: `POST /sandbox/...` with JSON. */
  tell(path: string, body: unknown): Promise<Record<string, unknown>>;
  /** Closes it and deletes its books. */
  discard(): Promise<void>;
}

interface WireError {
  error?: { type: string; message: string; code?: string; param?: string; doc_url?: string };
}

/** What the sandbox has logged is a failure of the spec: it logs only what should not happen. */
const failLoudly = (message: string, details: Record<string, unknown>): void => {
  throw new Error(message, { cause: details });
};

export const startSpecSandbox = async (options: Partial<StripeSandboxOptions> = {}): Promise<SpecSandbox> => {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'stripe-sandbox-')));
  // Nothing settles by itself unless a spec wants it: specs say when.
  const defaults = { port: 0, settleDelay_ms: 3_600_000, log: failLoudly };
  const sandbox = await startStripeSandbox({ ...defaults, ...options, directory });
  const request: SpecSandbox['request'] = async (method, path, body, headers = {}) => {
    const response = await fetch(sandbox.url + path, {
      method,
      redirect: 'manual',
      headers: {
        authorization: 'Bearer sk_test_123',
        ...(body !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json';
    const json = (isJson ? JSON.parse(text) : {}) as WireError & Record<string, unknown>;
    return { status: response.status, headers: response.headers, text, json };
  };
  return {
    ...sandbox,
    directory,
    client: { host: '127.0.0.1', port: sandbox.port, protocol: 'http', maxNetworkRetries: 0 },
    request,
    tell: async (path, body) => {
      const { status, json, text } = await request('POST', `/sandbox/${path}`, JSON.stringify(body));
      if (status !== 200) throw new Error(`The sandbox answered ${String(status)}: ${text}`);
      return json;
    },
    discard: async () => {
      await sandbox.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
};
