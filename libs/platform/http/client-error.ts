import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { problem } from './problem.js';
import { answerHeaders } from './security-headers.js';

export const newRequestId = (): string => `req_${randomUUID().replaceAll('-', '')}`;

const clientErrors: Record<string, [status: number, code: string, detail: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request_timeout', 'the request did not arrive in time'],
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large', 'the headers are larger than 16 KiB'],
};

const securityLines = Object.entries(answerHeaders).map(([name, value]) => `${name}: ${value}`);

/** Answers what is no HTTP request, or never became one, and hangs up. Gives the code of the answer, if anybody was there for it. */
export const answerClientError = (error: NodeJS.ErrnoException, socket: Socket): string | undefined => {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const [status, code, detail] = clientErrors[error.code ?? ''] ?? [400, 'malformed_request', 'this is not HTTP/1.1'];
  const requestId = newRequestId();
  const body = JSON.stringify({ ...problem(status, code, detail), requestId });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Request-Id: ${requestId}`,
    ...securityLines,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  return code;
};
