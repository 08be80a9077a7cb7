/**
 * A server that speaks Stripe's HTTP API and keeps what it is told: for development without an account, for tests, and for
 * faults. The official client works against it with another host:
 * `new Stripe('sk_test_123', { host: '127.0.0.1', port, protocol: 'http' })`.
 */
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Executor } from './http/executor.js';
import type { Log } from './http/executor.js';
import { Router } from './http/router.js';
import { createSandboxServer } from './http/server.js';
import { endpoints } from './resources/index.js';
import { IdFactory } from './state/ids.js';
import { Store } from './state/store.js';
import type { ConfiguredEndpoint } from './webhooks/configured-endpoints.js';
import { configureEndpoints } from './webhooks/configured-endpoints.js';
import { Deliverer } from './webhooks/deliverer.js';

export type { ConfiguredEndpoint } from './webhooks/configured-endpoints.js';

export interface StripeSandboxOptions {
  /** Where its books are kept; made when missing. One sandbox a directory. */
  directory: string;
  /** 0 for a free one. */
  port: number;
  /** Loopback by default: the sandbox is plain HTTP. */
  host?: string;
  /** The keys that are accepted; by default any `sk_test_` or `rk_test_` key. */
  apiKeys?: string[];
  /** Unix milliseconds. */
  clock?: () => number;
  /** How long pending refunds and bank debits take, in milliseconds: 1,000 by default. */
  settleDelay_ms?: number;
  /** Where events are sent, besides the endpoints that are made by the API. */
  webhooks?: readonly ConfiguredEndpoint[];
  /** What Stripe's delays between attempts to deliver (five minutes first) are multiplied by: 1/300 by default, so a second first. */
  webhookRetryScale?: number;
  /** How long an endpoint may take to answer, in milliseconds: 20,000 by default. */
  webhookTimeout_ms?: number;
  /** Hears of what should not happen. */
  log?: Log;
}

export interface StripeSandbox {
  /** `http://127.0.0.1:3002` */
  url: string;
  port: number;
  /** Answers what has been asked, for five seconds at most, and closes the books. */
  close(): Promise<void>;
}

const RETRY_SCALE = 1 / 300;
const DRAIN_MS = 5_000;
const SWEEP_MS = 20;

/** Starts a sandbox. What it has answered is on disk and outlives it. Rejects when it cannot listen on the port. */
export const startStripeSandbox = async (options: StripeSandboxOptions): Promise<StripeSandbox> => {
  const { directory, port, host = '127.0.0.1', apiKeys = [], settleDelay_ms = 1_000 } = options;
  const clock = options.clock ?? Date.now;
  const log = options.log ?? (() => undefined);
  const store = new Store(directory);
  const ids = new IdFactory();
  let url = '';
  configureEndpoints(store, ids, clock(), options.webhooks ?? []);
  const executor: Executor = new Executor({
    store,
    ids,
    clock,
    settleDelay_ms,
    url: () => url,
    log,
    committed: () => {
      deliverer.wake();
    },
  });
  const { webhookRetryScale: retryScale = RETRY_SCALE, webhookTimeout_ms: timeout_ms = 20_000 } = options;
  const deliverer = new Deliverer({ store, executor, clock, log, retryScale, timeout_ms });
  const router = new Router(endpoints);
  const serverOptions = { executor, deliverer, store, router, ids, clock, apiKeys: new Set(apiKeys), log };
  const server = createSandboxServer(serverOptions);
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    executor.close();
    await deliverer.close();
    store.close();
    throw error;
  }
  const address = server.address() as AddressInfo;
  url = `http://${host.includes(':') ? `[${host}]` : host}:${String(address.port)}`;
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    // A connection that was busy becomes idle with its answer, and would stay open for the client's next request.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
    }, SWEEP_MS);
    const deadline = setTimeout(() => {
      server.closeAllConnections();
    }, DRAIN_MS);
    await closed;
    clearInterval(sweep);
    clearTimeout(deadline);
    executor.close();
    await deliverer.close();
    store.close();
  };
  return { url, port: address.port, close };
};
