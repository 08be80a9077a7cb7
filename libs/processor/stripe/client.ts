import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

import Stripe from 'stripe';

export interface StripeProcessorOptions {
  apiKey: string;
  /** Where Stripe's API is spoken, such as `http://127.0.0.1:3002`. Default: Stripe itself. */
  apiBase?: string;
  /** After so many milliseconds without an answer its outcome is unknown. Default 20,000. */
  timeoutMs?: number;
  /** Connections at once at most; calls beyond wait for one. Default 128. */
  maxSockets?: number;
}

/** Also where the environment tells Node to believe everybody (NODE_TLS_REJECT_UNAUTHORIZED). */
const verified = { minVersion: 'TLSv1.3', rejectUnauthorized: true } as const;

/** A client of the API version that the library pins. It retries nothing: the gateway does, with the same key. */
export const openClient = (options: StripeProcessorOptions & { timeoutMs: number }): Stripe => {
  const base = new URL(options.apiBase ?? 'https://api.stripe.com');
  const protocol = base.protocol === 'http:' ? 'http' : 'https';
  const settings = { keepAlive: true, maxSockets: options.maxSockets ?? 128, scheduling: 'lifo' as const };
  const agent = protocol === 'http' ? new HttpAgent(settings) : new HttpsAgent({ ...settings, ...verified });
  return new Stripe(options.apiKey, {
    host: base.hostname,
    port: base.port || (protocol === 'http' ? 80 : 443),
    protocol,
    timeout: options.timeoutMs,
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: withoutRetries(Stripe.createNodeHttpClient(agent)),
  });
};

type HttpClient = ReturnType<typeof Stripe.createNodeHttpClient>;

/**
 * Even without retries the library sends a call again whose connection was closed, which it tells by the error's code. Then a
 * refused second connection would look as if nothing had ever been sent: hide the code, keep the cause.
 */
const withoutRetries = (client: HttpClient): HttpClient => {
  const makeRequest = client.makeRequest.bind(client);
  client.makeRequest = (...request) =>
    makeRequest(...request).catch((cause: unknown) => {
      const code = codeOf(cause);
      if (code !== 'ECONNRESET' && code !== 'EPIPE') throw cause;
      throw Object.assign(new Error('the connection was closed', { cause }), { code: `closed (${code})` });
    });
  return client;
};

/** The code of a system error, if it is one. */
export const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
