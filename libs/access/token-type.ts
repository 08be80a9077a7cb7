import { invalidToken } from './access-denied.js';
import type { CompactHeader } from './compact-token.js';
import type { Claims } from './token-claims.js';

/** What says of itself that it is an access token (RFC 9068 section 2.1). */
const accessTokenTypes: unknown[] = ['at+jwt', 'application/at+jwt'];
/** The plain type that most issuers still write, into ID tokens too. */
const plainTypes: unknown[] = ['jwt', 'application/jwt'];
/** What makes an ID token (OpenID Connect Core, sections 2 and 3.3.2.11; FAPI) or a logout or security event token (RFC 8417). */
const claimsOfOtherTokens = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'];
/** What issuers write into the claim `typ` of an access token. */
const accessTokenClaims: unknown[] = ['bearer', 'at+jwt'];

/** Throws AccessDenied (401 `token_type_not_allowed`) where the header alone tells that it is another kind of token: a command's, a logout's. */
export const assertAccessTokenHeader = ({ typ }: Pick<CompactHeader, 'typ'>): void => {
  const type = lowered(typ);
  if (!accessTokenTypes.includes(type) && !plainTypes.includes(type)) throw notAnAccessToken();
};

/**
 * Throws AccessDenied (401 `token_type_not_allowed`) for a token of the plain type that its claims tell to be an ID token, a logout token
 * or a refresh token: the same key signs them, and some issuers write our audience into them (RFC 8725 section 3.11 and 3.12).
 */
export const assertAccessTokenClaims = ({ typ }: Pick<CompactHeader, 'typ'>, claims: Claims): void => {
  if (accessTokenTypes.includes(lowered(typ))) return;
  const isTyped = claims.typ === undefined || accessTokenClaims.includes(lowered(claims.typ));
  if (!isTyped || claimsOfOtherTokens.some((claim) => claims[claim] !== undefined)) throw notAnAccessToken();
};

const lowered = (typ: unknown): unknown => (typeof typ === 'string' ? typ.toLowerCase() : typ);

const notAnAccessToken = () => invalidToken('token_type_not_allowed', 'the token is not an access token');
