import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How KMS says no: an error of its API, as JSON 1.1 has it. */
export interface KmsError {
  status: number;
  name: string;
  message?: string;
}

/** What the proxy does to each request; `undefined`: nothing, it goes through. S3 says no in XML. */
export type Fault =
  { error: KmsError } | { xml: { status: number; code: string } } | { delay_ms: number } | { closes: true } | undefined;

/** Faults of a KMS by what they are to us. */
export const faults = {
  unreachable: { closes: true },
  timeout: { delay_ms: 60_000 },
  throttled: { error: { status: 400, name: 'ThrottlingException', message: 'Rate exceeded' } },
  disabled: { error: { status: 400, name: 'DisabledException', message: 'arn:aws:kms:eu:1:key/k is disabled.' } },
  pending_deletion: {
    error: { status: 400, name: 'KMSInvalidStateException', message: 'arn:aws:kms:eu:1:key/k is pending deletion.' },
  },
  denied: {
    error: { status: 400, name: 'AccessDeniedException', message: 'User: arn:aws:iam::1:user/u is not authorized' },
  },
} as const satisfies Record<string, Fault>;

/** A network and a KMS between a service and the emulator that can be ill. */
export interface FaultProxy {
  url: string;
  /** Operations that were asked for since it was last emptied, whatever became of them. */
  asked: string[];
  set(fault: Fault): void;
  close(): Promise<void>;
}

/** Stands before the emulator at `endpoint`. */
export const startFaultProxy = async (endpoint: string): Promise<FaultProxy> => {
  let fault: Fault;
  const asked: string[] = [];
  const waiting = new Set<NodeJS.Timeout>();
  const server = createServer((request, response) => {
    asked.push(String(request.headers['x-amz-target']).replace('TrentService.', ''));
    if (fault === undefined) forward(endpoint, request, response);
    else if ('closes' in fault) request.socket.destroy();
    else if ('xml' in fault) refuseInXml(fault.xml, request, response);
    else if ('error' in fault) refuse(fault.error, request, response);
    else waiting.add(setTimeout(() => request.socket.destroy(), fault.delay_ms));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    asked,
    set: (next) => {
      fault = next;
    },
    close: async () => {
      for (const timer of waiting) clearTimeout(timer);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

const refuse = ({ status, name, message }: KmsError, request: IncomingMessage, response: ServerResponse): void => {
  request.resume();
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
  response.end(JSON.stringify({ __type: name, message }));
};

const refuseInXml = (
  { status, code }: { status: number; code: string },
  request: IncomingMessage,
  response: ServerResponse,
): void => {
  request.resume();
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>not now</Message></Error>`);
};

const forward = (endpoint: string, request: IncomingMessage, response: ServerResponse): void => {
  const { method, headers, url = '/' } = request;
  const upstream = send(new URL(url, endpoint), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  upstream.on('error', () => request.socket.destroy());
  request.pipe(upstream);
};
