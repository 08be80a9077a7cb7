import { AccessDenied, IssuerUnavailable } from '#access';
import type { FieldError } from '#command-handling';
import { ClaimHeld, InvalidInput, TenantUnknown } from '#command-handling';
import { Refusal } from '#domain';
import { StoreOverloaded, UnknownTenant, isTransient } from '#event-store';
import { InvalidCursor, InvalidLimit, InvalidTime } from '#projections';
import { HttpException } from '@nestjs/common';

/** A problem document (RFC 9457). `code` is stable; `field` names what to look at first. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  field?: string;
  errors?: FieldError[];
  requestId?: string;
  [extension: string]: unknown;
}

/** Thrown at the HTTP edge for what never reaches a command. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extensions: { field?: string; errors?: FieldError[]; [name: string]: unknown } = {},
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
  }
}

const titles: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request timed out',
  409: 'Conflict',
  413: 'Request too large',
  415: 'Media type not supported',
  422: 'Cannot be done',
  429: 'Too many requests',
  431: 'Headers too large',
  500: 'Internal error',
  503: 'Not available',
};

/** A problem with its status, its type and its title filled in, which no extension can replace. */
export const problem = (
  status: number,
  code: string,
  detail: string,
  extensions: Record<string, unknown> = {},
): Problem => ({
  ...extensions,
  type: `urn:billing-service:problem:${code}`,
  title: titles[status] ?? 'Problem',
  status,
  code,
  detail,
});

const statusOfRefusal = { invalid: 400, conflict: 409, unprocessable: 422, not_found: 404 } as const;

/** Fastify's and Nest's own errors, by Fastify's code or else by status. */
const known: Record<string, [status: number, code: string, detail: string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'body_too_large', 'the body is larger than 64 KiB'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'media_type_not_supported', 'send the body as application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'malformed_body', 'the body is not as long as Content-Length says'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'malformed_json', 'the body is not JSON'],
  FST_ERR_BAD_URL: [400, 'malformed_url', 'the path is not a valid URL path'],
};

/** Headers and body that answer an error. Says nothing of a stack, of SQL, or of other tenants. */
export const problemOf = (thrown: unknown): { problem: Problem; headers: Record<string, string> } => {
  const error = thrown instanceof UnknownTenant ? new TenantUnknown(thrown.tenantId) : thrown;
  if (error instanceof ProblemError)
    return { problem: problem(error.status, error.code, error.message, error.extensions), headers: error.headers };
  if (error instanceof Refusal) {
    const { field, details } = error;
    const errors = error instanceof InvalidInput ? error.errors : undefined;
    const extensions = { ...details, ...(field && { field }), ...(errors && { errors }) };
    return { problem: problem(statusOfRefusal[error.kind], error.code, error.message, extensions), headers: {} };
  }
  if (error instanceof AccessDenied) {
    const headers: Record<string, string> = error.wwwAuthenticate ? { 'www-authenticate': error.wwwAuthenticate } : {};
    return { problem: problem(error.status, error.code, error.message), headers };
  }
  if (error instanceof InvalidCursor)
    return { problem: problem(400, 'invalid_cursor', error.message, { field: 'cursor' }), headers: {} };
  if (error instanceof InvalidLimit)
    return { problem: problem(400, 'invalid_limit', error.message, { field: 'limit' }), headers: {} };
  if (error instanceof InvalidTime)
    return { problem: problem(400, 'invalid_time', error.message, { field: error.field }), headers: {} };
  if (error instanceof ClaimHeld)
    return { problem: problem(409, `${error.rule}_taken`, 'another one has this value already'), headers: {} };
  if (error instanceof IssuerUnavailable) return unavailable('issuer_unavailable', error.message);
  if (error instanceof StoreOverloaded) return unavailable('overloaded', error.message);
  if (isTransient(error))
    return unavailable(
      'store_unavailable',
      'the event store cannot be reached; nothing was lost, send the request again with the same key',
    );
  return { problem: ofFramework(error), headers: {} };
};

const unavailable = (code: string, detail: string) => ({
  problem: problem(503, code, detail),
  headers: { 'retry-after': '1' },
});

const ofFramework = (thrown: unknown): Problem => {
  // Nest wraps what Fastify raised.
  const error = thrown instanceof HttpException && thrown.cause instanceof Error ? thrown.cause : thrown;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const match = known[code];
  if (match) return problem(...match);
  const status =
    error instanceof HttpException
      ? error.getStatus()
      : error instanceof Error && 'statusCode' in error
        ? Number(error.statusCode)
        : 500;
  if (status >= 400 && status < 500) return problem(status, 'bad_request', (error as Error).message);
  return problem(500, 'internal_error', 'something went wrong on our side; the request id says where to look');
};
