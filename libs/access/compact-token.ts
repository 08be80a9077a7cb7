import { invalidToken, tokenMissing } from './access-denied.js';

/** Longer than any token that real issuers make with our claims, and short enough to hash on every request. */
export const maxTokenLength = 8_192;
const maxKeyIdLength = 256;

/** The asymmetric signature algorithms that we accept (RFC 7518, RFC 8037): no `none`, no shared secrets. */
export const allowedAlgorithms = ['ES256', 'EdDSA', 'RS256', 'PS256'] as const;

/** Access tokens (RFC 9068) and the plain type that most issuers still write. */
const allowedTypes = ['at+jwt', 'application/at+jwt', 'jwt', 'application/jwt'];

/**
 * The token of an `Authorization` header (RFC 6750 section 2.1). Throws AccessDenied: `token_missing` without a bearer token,
 * `token_malformed` for one that is too long.
 */
export const bearerToken = (authorization: string | undefined): string => {
  const scheme = authorization?.slice(0, 7);
  if (authorization === undefined || scheme?.toLowerCase() !== 'bearer ') throw tokenMissing();
  const token = authorization.slice(7);
  if (token.length > maxTokenLength) throw malformed('the token is too long');
  return token;
};

/**
 * Checks what can be seen before any key is asked for: the compact form of RFC 7515 in strict base64url (no padding, no loose
 * bits: one text for one token), an allowed algorithm and type, no critical extension. Keys that a header offers (`jku`,
 * `x5u`, `jwk`) are never looked at. Throws AccessDenied.
 */
export const assertCompactToken = (token: string): void => {
  if (token.length > maxTokenLength) throw malformed('the token is too long');
  const parts = token.split('.', 4);
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !isBase64url(header) || !isBase64url(payload) || !isBase64url(signature)) {
    throw malformed('the token is not three parts of strict base64url');
  }
  assertHeader(parseObject(header));
};

const assertHeader = ({ alg, typ, kid, crit }: Record<string, unknown>): void => {
  if (!allowedAlgorithms.some((allowed) => allowed === alg)) {
    throw invalidToken('token_algorithm_not_allowed', 'the signature algorithm of the token is not allowed');
  }
  if (typeof typ !== 'string' || !allowedTypes.includes(typ.toLowerCase())) {
    throw invalidToken('token_type_not_allowed', 'the token is not an access token');
  }
  if (crit !== undefined) throw malformed('the token has critical header parameters');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maxKeyIdLength)) {
    throw malformed('the key id of the token has a wrong form');
  }
};

/** Whether a text is base64url without padding and without loose bits, and not empty: one text for one value. */
export const isBase64url = (part: string | undefined): part is string =>
  part !== undefined && part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;

const parseObject = (part: string): Record<string, unknown> => {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    throw malformed('the header of the token is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw malformed('the header of the token is not a JSON object');
  }
  return header as Record<string, unknown>;
};

const malformed = (message: string) => invalidToken('token_malformed', message);
