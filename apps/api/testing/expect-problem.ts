import type { Reply } from './call.js';

/** The answer is a problem document (RFC 9457) with this status and code, which names `field`, the request, and nothing of our insides. */
export const expectProblem = (reply: Reply, status: number, code: string, field?: string): void => {
  const { json } = reply;
  expect({ status: reply.status, code: json?.code, field: json?.field }).toEqual({ status, code, field });
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(json).toMatchObject({ type: `urn:billing-service:problem:${code}`, status });
  expect(json.requestId).toMatch(/^req_[0-9a-f]{32}$/);
  expect(reply.headers.get('request-id')).toBe(json.requestId);
  expect(reply.text).not.toMatch(/node_modules|\.js:\d|select |insert |billing\./i);
};
