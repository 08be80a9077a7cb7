import { AccessDenied, IssuerUnavailable } from '#access';
import { ClaimHeld, InvalidInput, ReadModelBehind, TenantUnknown, bodyLimitBytes } from '#command-handling';
import { AccessRecordUnavailable } from '#command-handling/access-record';
import { Refusal } from '#domain';
import { StoreOverloaded, UnknownTenant, isTransient } from '#event-store';
import { KeyManagementUnavailable } from '#keys';
import type { Problem } from '#platform/http';
import { ProblemError, frameworkProblem, problem } from '#platform/http';
import { InvalidCursor, InvalidLimit, InvalidTime } from '#projections';

export { ProblemError, problem };
export type { Problem };

const statusOfRefusal = { invalid: 400, conflict: 409, unprocessable: 422, not_found: 404, gone: 410 } as const;

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
  if (error instanceof ReadModelBehind) return unavailable('read_model_behind', error.message);
  if (error instanceof IssuerUnavailable) return unavailable('issuer_unavailable', error.message);
  if (error instanceof AccessRecordUnavailable) return unavailable(error.code, error.message);
  if (error instanceof KeyManagementUnavailable)
    return unavailable(
      error.code,
      'the keys cannot be reached just now; nothing was changed, send the request again with the same key',
      '5',
    );
  if (error instanceof StoreOverloaded) return unavailable('overloaded', error.message);
  if (isTransient(error))
    return unavailable(
      'store_unavailable',
      'the event store cannot be reached; nothing was lost, send the request again with the same key',
    );
  return { problem: frameworkProblem(error, bodyLimitBytes), headers: {} };
};

const unavailable = (code: string, detail: string, retryAfter = '1') => ({
  problem: problem(503, code, detail),
  headers: { 'retry-after': retryAfter },
});
