/** Why a caller was turned away. These words are answers of the API: add, never rename. */
export type DenialCode =
  | 'token_missing'
  | 'token_malformed'
  | 'token_algorithm_not_allowed'
  | 'token_type_not_allowed'
  | 'token_key_unknown'
  | 'token_invalid_signature'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_wrong_issuer'
  | 'token_wrong_audience'
  | 'token_invalid_claims'
  | 'token_certificate_required'
  | 'token_for_another_service'
  | 'insufficient_scope'
  | 'insufficient_user_authentication'
  | 'tenant_required'
  | 'tenant_mismatch'
  | 'tenant_suspended'
  | 'service_not_registered';

/**
 * Raised when a caller may not do what it asks. `wwwAuthenticate` is the value of that header where one belongs (RFC 6750,
 * RFC 9470). The message is made of our own words: never a part of the token.
 */
export class AccessDenied extends Error {
  constructor(
    readonly status: 401 | 403,
    readonly code: DenialCode,
    message: string,
    readonly wwwAuthenticate?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Raised when the issuer's keys cannot be had, so that nothing is known about the token: answer 503, try again later. */
export class IssuerUnavailable extends Error {
  readonly status = 503;
  readonly code = 'issuer_unavailable';
  constructor(options?: ErrorOptions) {
    super('the keys of the token issuer cannot be read; check AUTH_JWKS_URL and try again', options);
  }
}

/** The request came without a bearer token: RFC 6750 section 3.1 wants a challenge without an error code. */
export const tokenMissing = (): AccessDenied =>
  new AccessDenied(401, 'token_missing', 'send a bearer token in the Authorization header', 'Bearer realm="billing"');

/** The token is no good. `message` must be plain ASCII without quotes: it is part of the challenge. */
export const invalidToken = (code: DenialCode, message: string, options?: ErrorOptions): AccessDenied =>
  new AccessDenied(401, code, message, `Bearer error="invalid_token", error_description="${message}"`, options);
