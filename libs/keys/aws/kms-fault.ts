import type { KeyManagementTrouble } from '../errors.js';

/** What a failed try says: the KMS refused these bytes, or it cannot be used. */
export type KmsFault = { kind: 'refused' } | TroubleFault;

interface TroubleFault {
  kind: 'trouble';
  trouble: KeyManagementTrouble;
  /** Another try may do better at once. */
  again: boolean;
  /** The KMS itself says no, because of the key or of what its caller may. */
  saidNo: boolean;
  /** The word of KMS, of the SDK or of Node for it. */
  name: string;
}

/** Wrong context, changed bytes, and what another key wrapped: KMS does not tell the first two from each other. */
const refusals: ReadonlySet<string> = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

const throttling: ReadonlySet<string> = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
]);

/** No answer in time, as this process, the SDK or KMS itself says. */
const timeouts: ReadonlySet<string> = new Set([
  'TimeoutError',
  'AbortError',
  'DependencyTimeoutException',
  'RequestTimeout',
]);

/** Answers with which KMS asks for patience. */
const passing: ReadonlySet<string> = new Set([
  'KeyUnavailableException',
  'KMSInternalException',
  'InternalFailure',
  'InternalServerError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  // Who gives out credentials could not ask who vouches for this process.
  'IDPCommunicationError',
  'IDPCommunicationErrorException',
]);

/**
 * A no of the KMS, which takes away what it has opened before. Nothing else is one: what STS says (`AccessDenied` among it), and what is said of
 * credentials, of a request or of this machine's clock, is mended without anybody having taken the key away.
 */
const noes: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'DisabledException',
  'NotFoundException',
  'InvalidKeyUsageException',
]);

/** States of a key, as `KMSInvalidStateException` has them in its text. */
const pendingDeletion = /pending ?(replica ?)?deletion/i;
const disabled = /\bdisabled\b/i;
/** These pass. */
const passingState = /\b(unavailable|updating|creating)\b/i;

/** Nobody gives credentials just now. */
const noCredentials: ReadonlySet<string> = new Set(['CredentialsProviderError', 'TokenProviderError']);

/**
 * What the error of a call means. Words are those of the KMS API reference ("Common Errors" included); whatever is not known there comes
 * of the way to it: names that do not resolve, connections that break, certificates that are not believed, answers that are no JSON.
 */
export const kmsFaultOf = (error: unknown): KmsFault => {
  const { name, message, status } = detailsOf(error);
  if (refusals.has(name)) return { kind: 'refused' };
  const trouble = (what: KeyManagementTrouble, again: boolean, saidNo = false): KmsFault => ({
    kind: 'trouble',
    trouble: what,
    again,
    saidNo,
    name,
  });
  if (throttling.has(name) || status === 429) return trouble('throttled', true);
  if (timeouts.has(name)) return trouble('timeout', true);
  if (passing.has(name) || status === undefined || status >= 500) {
    // Without credentials nothing is sent; who gives them may be away for a moment, but nobody is helped by asking at once.
    return noCredentials.has(name) ? trouble('denied', false) : trouble('unreachable', true);
  }
  if (name === 'DisabledException') return trouble('disabled', false, true);
  if (name === 'KMSInvalidStateException') {
    if (pendingDeletion.test(message)) return trouble('pending_deletion', false, true);
    return passingState.test(message)
      ? trouble('unreachable', false)
      : trouble('disabled', false, disabled.test(message));
  }
  // All else is our key, our credentials or our request: AccessDenied, NotFound, InvalidKeyUsage, ExpiredToken, InvalidSignature...
  return trouble('denied', false, noes.has(name));
};

interface Details {
  name: string;
  message: string;
  status: number | undefined;
}

const detailsOf = (error: unknown): Details => {
  if (!(error instanceof Error)) return { name: 'unknown', message: '', status: undefined };
  const { httpStatusCode } = (error as { $metadata?: { httpStatusCode?: number } }).$metadata ?? {};
  const { code } = error as { code?: unknown };
  // Node's own errors are all named Error, and say what they are by their code.
  const name = error.name === 'Error' && typeof code === 'string' ? code : error.name;
  return { name, message: error.message, status: httpStatusCode };
};

/**
 * What may be kept of an error of the SDK: its name and text. The error itself leads to the request, and so to what was to be wrapped and
 * to its signature.
 */
export const withoutRequest = (error: unknown): Error => {
  const { name, message } = detailsOf(error);
  return Object.assign(new Error(message), { name });
};
