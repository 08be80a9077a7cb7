import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request as requestPlain } from 'node:http';
import { Agent, request } from 'node:https';
import type { TLSSocket } from 'node:tls';

import type { Issued } from './authority.js';

export interface Visitor {
  /** What the visitor shows; nothing unless said. */
  shows?: Issued | undefined;
  /** Whom it believes. */
  believes?: Issued;
  agent?: Agent;
  headers?: Record<string, string | string[]>;
  path?: string;
  maxVersion?: 'TLSv1.2' | 'TLSv1.3';
}

/** An answer, or why there was none. */
export interface Visit {
  status: number;
  json: {
    peer?: { spiffeId: string; thumbprint: string };
    address?: string;
    headers?: Record<string, string>;
    rawHeaders?: string[];
    code?: string;
    detail?: string;
  };
  /** The code of what went wrong, where nothing was answered. */
  failed?: string;
  /** Of the server's certificate. */
  fingerprint?: string;
}

/** A visitor whose connection stays open. */
export const staying = ({ shows, believes }: Pick<Visitor, 'shows' | 'believes'>): Agent =>
  new Agent({ keepAlive: true, maxSockets: 1, ...credentialsOf({ shows, believes }) });

const credentialsOf = ({ shows, believes }: Pick<Visitor, 'shows' | 'believes'>) => ({
  ...(believes && { ca: believes.certificatePem }),
  ...(shows && { cert: shows.certificatePem, key: shows.keyPem }),
});

/** GET of `path`. Never rejects. */
export const visit = (url: string, visitor: Visitor = {}): Promise<Visit> => {
  const { path = '/who', agent, headers = {}, maxVersion } = visitor;
  const ask = url.startsWith('https:') ? request : requestPlain;
  const sent = ask(new URL(path, url), {
    agent: agent ?? false,
    headers: { ...(agent ? {} : { connection: 'close' }), ...headers },
    ...(agent ? {} : credentialsOf(visitor)),
    ...(maxVersion && { maxVersion }),
  });
  return new Promise((resolve) => {
    sent.once('error', (error: NodeJS.ErrnoException) => {
      resolve({ status: 0, json: {}, failed: error.code ?? error.message });
    });
    sent.once('response', (response) => {
      void answerOf(response).then(resolve);
    });
    sent.end();
  });
};

const answerOf = async (response: IncomingMessage): Promise<Visit> => {
  const socket = response.socket as Partial<TLSSocket>;
  const fingerprint = socket.getPeerX509Certificate?.()?.fingerprint256;
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(response, 'end').catch(() => undefined);
  return {
    status: response.statusCode ?? 0,
    json: text.startsWith('{') ? (JSON.parse(text) as Visit['json']) : {},
    ...(fingerprint !== undefined && { fingerprint }),
  };
};

/** Waits, 8 seconds at most, until `look` finds what it looks for. */
export const until = async <T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> => {
  const deadline = Date.now() + 8_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false && found !== 0) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
