import { invalidToken } from './access-denied.js';
import type { Claims } from './token-claims.js';
import { numericDate } from './token-claims.js';

/** How far the clocks of issuer and service may differ. */
export const clockSkewSeconds = 5;

/**
 * Throws AccessDenied unless a token is by `issuer` (the very same text), for `audience` (alone or among others), and valid at `at`
 * (RFC 7519 section 4.1): `exp` and `iat` must be there, `nbf` may.
 */
export const assertValid = (
  claims: Claims,
  { issuer, audience, at }: { issuer: string; audience: string; at: Date },
): void => {
  const seconds = at.getTime() / 1_000;
  if (claims.iss !== issuer) throw invalidToken('token_wrong_issuer', 'the token is from another issuer');
  if (claims.aud !== audience && !(Array.isArray(claims.aud) && claims.aud.includes(audience)))
    throw invalidToken('token_wrong_audience', 'the token is for another audience');
  const begins = Math.max(numericDate(claims, 'iat'), claims.nbf === undefined ? 0 : numericDate(claims, 'nbf'));
  const expires = numericDate(claims, 'exp');
  if (begins > seconds + clockSkewSeconds) throw invalidToken('token_not_yet_valid', 'the token is not valid yet');
  if (expires <= seconds - clockSkewSeconds) throw invalidToken('token_expired', 'the token has expired');
};
