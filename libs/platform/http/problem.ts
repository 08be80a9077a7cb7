/** A problem document (RFC 9457). `code` is stable; `field` names what to look at first. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  field?: string;
  errors?: readonly object[];
  requestId?: string;
  [extension: string]: unknown;
}

/** Thrown at the HTTP edge for what never reaches the work behind it. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extensions: { field?: string; errors?: readonly object[]; [name: string]: unknown } = {},
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
  414: 'URL too long',
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
