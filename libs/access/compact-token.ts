import { invalidToken, tokenMissing } from './access-denied.js';

/** Longer than any token that real issuers make with our claims, and short enough to hash on every request. */
export const maxTokenLength = 8_192;
const maxKeyIdLength = 256;

/** The asymmetric signature algorithms that we accept (RFC 7518, RFC 8037, RFC 9864): no `none`, no shared secrets. */
export const allowedAlgorithms = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const;

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

/** What the header of a token says, as far as anybody here looks at it. */
export interface CompactHeader {
  alg: (typeof allowedAlgorithms)[number];
  typ: unknown;
  kid: string | undefined;
}

/**
 * Reads what can be seen before any key is asked for: the compact form of RFC 7515 in strict base64url (no padding, no loose bits: one
 * text for one token), an allowed algorithm, no critical extension. Keys that a header offers (`jku`, `x5u`, `jwk`) are never looked
 * at. Throws AccessDenied.
 */
export const readCompactHeader = (token: string): CompactHeader => {
  if (token.length > maxTokenLength) throw malformed('the token is too long');
  const parts = token.split('.', 4);
  const [header, payload, signature] = parts;
  if (
    parts.length !== 3 ||
    !isBase64url(header) ||
    !isBase64url(signature) ||
    (payload !== '' && !isBase64url(payload))
  )
    throw malformed('the token is no JWT: three parts of strict base64url with dots between them');
  const { alg: named, typ, kid, crit } = parseJsonObject(Buffer.from(header, 'base64url'), 'header');
  const alg = allowedAlgorithms.find((allowed) => allowed === named);
  if (alg === undefined)
    throw invalidToken('token_algorithm_not_allowed', 'the signature algorithm of the token is not allowed');
  if (crit !== undefined) throw malformed('the token has critical header parameters');
  if (kid !== undefined && (typeof kid !== 'string' || kid.length > maxKeyIdLength))
    throw malformed('the key id of the token has a wrong form');
  return { alg, typ, kid };
};

/** Whether a text is base64url without padding and without loose bits, and not empty: one text for one value. */
export const isBase64url = (part: string | undefined): part is string =>
  part !== undefined && part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;

/** The JSON object in a part of a token. Throws AccessDenied. */
export const parseJsonObject = (bytes: Uint8Array, part: 'header' | 'payload'): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw malformed(`the ${part} of the token is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(`the ${part} of the token is not a JSON object`);
  return value as Record<string, unknown>;
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const malformed = (message: string) => invalidToken('token_malformed', message);
