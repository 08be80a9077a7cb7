/** What a failed try says: by the name that S3, the SDK or the system gives it. `again`: another try may do better at once. */
export interface S3Fault {
  name: string;
  again: boolean;
}

/** Answers of 4xx after which the same may well go through. A conditional write that met another one is told 409. */
const passing: ReadonlySet<string> = new Set([
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** Nothing was sent, and nothing will be until somebody gives what is missing. */
const needsSomebody: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'TokenProviderError',
  'PlainHttpRefused',
]);

/** Of whatever a call of the SDK rejected with. */
export const s3FaultOf = (error: unknown): S3Fault => {
  const { name, code, status } = detailsOf(error);
  // Node's own errors say what they are by their code, whatever the SDK names them.
  const called = code ?? name;
  if (needsSomebody.has(called)) return { name: called, again: false };
  const refused = status !== undefined && status < 500 && status !== 429;
  return { name: called, again: !refused || passing.has(called) };
};

/** Whether the service said that there is no such file: of a missing bucket it says something else. */
export const isMissing = (error: unknown): boolean => detailsOf(error).name === 'NoSuchKey';

/** Whether a conditional write found a file there. */
export const isThere = (error: unknown): boolean => detailsOf(error).status === 412;

const detailsOf = (error: unknown): { name: string; code: string | undefined; status: number | undefined } => {
  if (!(error instanceof Error)) return { name: 'unknown', code: undefined, status: undefined };
  const { $metadata, code } = error as { $metadata?: { httpStatusCode?: number }; code?: unknown };
  return {
    name: error.name,
    code: typeof code === 'string' && /^E[A-Z]/.test(code) ? code : undefined,
    status: $metadata?.httpStatusCode,
  };
};
