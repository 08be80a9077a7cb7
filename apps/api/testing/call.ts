import type { Problem } from '../http/problem.js';

/** An answer of the api, its body read. */
export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined where it is none. */
  json: Record<string, unknown> & Partial<Problem>;
}

export interface CallOptions {
  /** Sent as JSON; a string or bytes are sent as they are. Left out: no body. */
  body?: unknown;
  /** An empty value leaves a default header out. */
  headers?: Record<string, string>;
}

export type Call = (method: string, path: string, options?: CallOptions) => Promise<Reply>;

/** Calls the api at `url` with headers of its own on every call. */
export const callOver =
  (url: string, defaults: Record<string, string>): Call =>
  async (method, path, { body, headers = {} } = {}) => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const all = Object.entries({ ...defaults, ...type, ...headers }).filter(([, value]) => value !== '');
    const response = await fetch(`${url}${path}`, {
      method,
      headers: all,
      redirect: 'manual',
      body: body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) as Reply['json'] };
  };

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
