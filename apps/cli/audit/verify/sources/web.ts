import { setTimeout as sleep } from 'node:timers/promises';

import { isLoopback, isTrustworthy } from '#audit';

import { CouldNotTell } from '../outcome.js';
import type { PauseBounds } from './shared-pause.js';
import { SharedPause } from './shared-pause.js';

const maxAttempts = 4;
const maxPauseMs = 10_000;
const maxRedirects = 3;

const goneStatuses: ReadonlySet<number> = new Set([404, 410]);
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const tooMany = 429;
const passes = (status: number): boolean => status === 408 || status === tooMany || status >= 500;

/** Raised for an answer that another attempt may better. */
class PassingTrouble extends Error {
  constructor(
    message: string,
    readonly retryAfterMs = 0,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Raised where a limit of requests was met, and the server says when there are more. */
class LimitMet extends PassingTrouble {}

const retryAfterMsOf = (response: Response): number => {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : 0;
};

export interface WebBounds {
  /** Of a whole request, body included. */
  timeoutMs: number;
  /** Before the second attempt; each one after it waits twice as long. */
  firstPauseMs: number;
  /** Of what is waited where the server limits requests. */
  pauses?: PauseBounds;
}

export interface Found {
  bytes: Uint8Array;
  headers: Headers;
}

/**
 * Reads over HTTP within bounds of time, size, redirects and attempts. Where the server limits requests, all who read wait together for as long
 * as it says, within a bound: so a log of any size is read to its end. `headers` go to the first origin alone.
 */
export class BoundedWeb {
  readonly #pause: SharedPause;

  constructor(
    private readonly headers: Readonly<Record<string, string>> = {},
    private readonly bounds: WebBounds = { timeoutMs: 30_000, firstPauseMs: 250 },
  ) {
    this.#pause = new SharedPause(bounds.pauses);
  }

  /** What is at `url`, a body of `maxBytes` at most; undefined where the server says that there is none. Rejects with CouldNotTell. */
  async get(url: URL, maxBytes: number): Promise<Found | undefined> {
    for (let attempt = 1; ;) {
      await this.#pause.over();
      try {
        const found = await this.#once(url, maxBytes);
        this.#pause.earn();
        return found;
      } catch (error) {
        if (!(error instanceof PassingTrouble)) throw error;
        if (error instanceof LimitMet) {
          this.#waitFor(error);
          continue;
        }
        if (attempt === maxAttempts) {
          throw new CouldNotTell(`${error.message}, ${String(maxAttempts)} times; try again later`, { cause: error });
        }
        await sleep(Math.max(Math.min(error.retryAfterMs, maxPauseMs), this.bounds.firstPauseMs * 2 ** (attempt - 1)));
        attempt += 1;
      }
    }
  }

  #waitFor(limit: LimitMet): void {
    if (this.#pause.begin(limit.retryAfterMs)) return;
    const message = `${limit.message} again and again; ask who runs it for a higher limit, or verify an export (--dir)`;
    throw new CouldNotTell(message, { cause: limit });
  }

  async #once(first: URL, maxBytes: number): Promise<Found | undefined> {
    const signal = AbortSignal.timeout(this.bounds.timeoutMs);
    let url = first;
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const headers = url.origin === first.origin ? this.headers : {};
      const response = await fetch(url, { headers, signal, redirect: 'manual' }).catch(passing(url));
      if (!redirectStatuses.has(response.status)) return await bodyOf(response, url, maxBytes);
      await response.body?.cancel();
      url = targetOf(response, url);
    }
    throw new CouldNotTell(`${first.href} leads on more than ${String(maxRedirects)} times`);
  }
}

const passing =
  (url: URL) =>
  (error: unknown): never => {
    const { name, message, cause } = error as Error;
    const reason = name === 'TimeoutError' ? 'no answer in time' : cause instanceof Error ? cause.message : message;
    throw new PassingTrouble(`${url.href} cannot be read (${reason})`, 0, { cause: error });
  };

const targetOf = (response: Response, from: URL): URL => {
  const location = response.headers.get('location') ?? '';
  if (!URL.canParse(location, from)) throw new CouldNotTell(`${from.href} leads on to no address`);
  const url = new URL(location, from);
  if (isLoopback(url) && !isLoopback(from))
    throw new CouldNotTell(`${from.href} leads on to ${url.origin}, which is this machine: nobody from elsewhere may`);
  if (isTrustworthy(url)) return url;
  throw new CouldNotTell(`${from.href} leads on to ${url.origin}, which is not https`);
};

const bodyOf = async (response: Response, url: URL, maxBytes: number): Promise<Found | undefined> => {
  const { status, body, headers } = response;
  if (status !== 200) {
    await body?.cancel();
    if (goneStatuses.has(status)) return undefined;
    const answer = `${url.href} answers ${String(status)}`;
    const retryAfterMs = retryAfterMsOf(response);
    if (status === tooMany && retryAfterMs > 0) throw new LimitMet(answer, retryAfterMs);
    if (passes(status)) throw new PassingTrouble(answer, retryAfterMs);
    const what = status === 401 || status === 403 ? ': it wants a token that may read it (--token-file)' : '';
    throw new CouldNotTell(`${answer}${what}`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      chunks.push(chunk as Uint8Array);
      bytes += (chunk as Uint8Array).length;
      if (bytes > maxBytes) throw new CouldNotTell(`${url.href} has more than ${String(maxBytes)} bytes`);
    }
  } catch (error) {
    if (error instanceof CouldNotTell) throw error;
    return passing(url)(error);
  }
  return { bytes: Buffer.concat(chunks), headers };
};
