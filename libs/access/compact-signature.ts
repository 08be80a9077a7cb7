import { compactVerify, errors } from 'jose';
import type { CompactJWSHeaderParameters, CryptoKey } from 'jose';

import { AccessDenied, invalidToken, IssuerUnavailable } from './access-denied.js';
import { allowedAlgorithms, readCompactHeader } from './compact-token.js';

/** Gives the key that a header names; throws AccessDenied where there is none, IssuerUnavailable where nobody can tell. */
export type KeySource = (header: CompactJWSHeaderParameters) => Promise<CryptoKey>;

/**
 * Verifies the signature of a compact token (JWS, RFC 7515; RFC 8725) and gives its payload, whatever it says. Throws AccessDenied with the reason, and whatever `keyOf` throws.
 */
export const verifyCompact = async (token: string, keyOf: KeySource): Promise<Uint8Array> => {
  readCompactHeader(token);
  try {
    const { payload } = await compactVerify(token, keyOf, { algorithms: [...allowedAlgorithms] });
    return payload;
  } catch (error) {
    if (error instanceof AccessDenied || error instanceof IssuerUnavailable) throw error;
    if (error instanceof errors.JWSSignatureVerificationFailed)
      throw invalidToken('token_invalid_signature', 'the signature of the token does not verify');
    throw invalidToken('token_malformed', 'the token cannot be read', { cause: error });
  }
};
