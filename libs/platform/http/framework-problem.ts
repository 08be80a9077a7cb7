import { HttpException } from '@nestjs/common';

import type { Problem } from './problem.js';
import { problem } from './problem.js';

/** Fastify's own errors by its code. */
const known: Record<string, [status: number, code: string, detail: string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'media_type_not_supported', 'send the body as application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'malformed_body', 'the body is not as long as Content-Length says'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'malformed_json', 'the body is not JSON'],
  FST_ERR_BAD_URL: [400, 'malformed_url', 'the path is not a valid URL path'],
};

/** What Fastify or Nest raised, or anything else, which is ours. `bodyLimitBytes` is a whole number of KiB. */
export const frameworkProblem = (thrown: unknown, bodyLimitBytes: number): Problem => {
  // Nest wraps what Fastify raised.
  const error = thrown instanceof HttpException && thrown.cause instanceof Error ? thrown.cause : thrown;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return problem(413, 'body_too_large', `the body is larger than ${bodyLimitBytes / 1_024} KiB`);
  const match = known[code];
  if (match) return problem(...match);
  const status = statusOf(error);
  if (status >= 400 && status < 500) return problem(status, 'bad_request', (error as Error).message);
  return problem(500, 'internal_error', 'something went wrong on our side; the request id says where to look');
};

const statusOf = (error: unknown): number => {
  if (error instanceof HttpException) return error.getStatus();
  return error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
};
