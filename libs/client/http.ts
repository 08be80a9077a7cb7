import { setTimeout as sleep } from 'node:timers/promises';

import { backoffMs } from './bounds.js';
import { HttpProblem, HttpUnavailable } from './errors.js';

export interface HttpOptions {
  /** Of the api, such as `https://billing.internal:3000`. */
  url: string;
  /** Gives a valid access token with `billing:read`; called for each request, so that it can be renewed. */
  token: () => Promise<string>;
  /**
   * What requests go by; the global `fetch` unless said. A service shows its client certificate by it: that of undici, with an `Agent` that
   * has one as its dispatcher.
   */
  fetch?: Fetch;
}

/** As much of `fetch` as is needed here. */
export type Fetch = (
  url: string,
  init: { headers: Record<string, string>; redirect: 'error'; signal?: AbortSignal },
) => Promise<Response>;

export interface GetOptions {
  /** For callers that act for several tenants. */
  tenantId?: string;
  /** Wait for the read models to have this position. */
  minPosition?: string;
  accept?: string;
  signal?: AbortSignal;
}

const answerLimitMs = 15_000;
const tries = 4;
/** Statuses after which the same request can succeed. */
const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** GETs on the HTTP API: a token with each, problem documents as HttpProblem, and a few tries where trying again helps. */
export class Http {
  readonly #url: string;
  readonly #token: () => Promise<string>;
  readonly #fetch: Fetch;

  constructor({ url, token, fetch = globalThis.fetch }: HttpOptions) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
    this.#fetch = fetch;
  }

  /** The JSON at `path`. Throws HttpProblem, and HttpUnavailable after four tries. */
  async json<T>(path: string, options: GetOptions = {}): Promise<T> {
    return this.#whole(path, options, async (response) => (await response.json()) as T);
  }

  /** The text at `path`. Throws HttpProblem, and HttpUnavailable after four tries. */
  async text(path: string, options: GetOptions = {}): Promise<string> {
    return this.#whole(path, { accept: 'text/plain', ...options }, (response) => response.text());
  }

  async #whole<T>(path: string, options: GetOptions, bodyOf: (response: Response) => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await bodyOf(await this.get(path, { ...options, signal: AbortSignal.timeout(answerLimitMs) }));
      } catch (error) {
        if (!mayPass(error)) throw error;
        if (failures === tries)
          throw error instanceof HttpProblem ? error : new HttpUnavailable(this.#url + path, error);
        await sleep(backoffMs(failures));
      }
    }
  }

  /** One GET, its body unread. Throws HttpProblem for a status that is no success, and what fetch throws. */
  async get(path: string, { tenantId, minPosition, accept, signal }: GetOptions): Promise<Response> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${await this.#token()}`,
      accept: accept ?? 'application/json',
      ...(tenantId !== undefined && { 'billing-tenant': tenantId }),
      ...(minPosition !== undefined && { 'billing-min-position': minPosition }),
    };
    const response = await this.#fetch(this.#url + path, { headers, redirect: 'error', ...(signal && { signal }) });
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

/** Whether trying again can help: a problem may say no, and a request that got no answer may get one. */
export const mayPass = (error: unknown): boolean => !(error instanceof HttpProblem) || passing.has(error.status);

const problemOf = async (response: Response): Promise<HttpProblem> => {
  const text = await response.text().catch(() => '');
  let problem: { code?: unknown; detail?: unknown };
  try {
    problem = (JSON.parse(text) ?? {}) as typeof problem;
  } catch {
    problem = {}; // a proxy in between has answered
  }
  const code = typeof problem.code === 'string' ? problem.code : 'http_error';
  const detail = typeof problem.detail === 'string' ? problem.detail : response.statusText;
  return new HttpProblem(response.status, code, detail, response.headers.get('request-id') ?? undefined);
};
