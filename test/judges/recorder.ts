/** Stands between a client and a server of Stripe's API, and keeps what they say to each other. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Exchange {
  method: string;
  /** With its query. */
  path: string;
  /** Form text. */
  body: string;
  account: string | undefined;
  status: number;
  answer: unknown;
}

export interface Recorder {
  url: string;
  port: number;
  exchanges: Exchange[];
  close(): Promise<void>;
}

const passed = ['authorization', 'content-type', 'idempotency-key', 'stripe-account', 'stripe-version'] as const;

const headersOf = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    passed.flatMap((name) => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value] as const] : [];
    }),
  );

/** Listens on a free port of loopback and passes on to `target`, `http://127.0.0.1:3002`. */
export const startRecorder = async (target: string): Promise<Recorder> => {
  const exchanges: Exchange[] = [];
  const pass = async (request: IncomingMessage): Promise<{ status: number; text: string; id: string }> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = 'GET', url: path = '/' } = request;
    const body = Buffer.concat(chunks).toString('utf8');
    const headers = headersOf(request);
    const response = await fetch(target + path, { method, headers, ...(body !== '' && { body }) });
    const text = await response.text();
    const account = headers['stripe-account'];
    exchanges.push({ method, path, body, account, status: response.status, answer: JSON.parse(text) });
    return { status: response.status, text, id: response.headers.get('request-id') ?? '' };
  };
  const server = createServer((request, response) => {
    pass(request).then(
      ({ status, text, id }) => {
        response.writeHead(status, { 'content-type': 'application/json', 'request-id': id }).end(text);
      },
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    port,
    exchanges,
    close: async () => {
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
};
