/** Why a signature proves nothing, or not what it should. These words are answers of the API: add, never rename. */
export type SignatureCode =
  | 'signature_malformed'
  | 'signature_algorithm_not_allowed'
  | 'signature_type_not_allowed'
  | 'signature_invalid'
  | 'signature_mismatch'
  | 'signature_not_yet_valid'
  | 'signature_expired'
  | 'signature_lifetime_too_long'
  | 'signature_time_unknown'
  | 'producer_key_unknown'
  | 'producer_revoked'
  | 'key_revoked';

/** Raised for a command whose signature does not hold. The message is made of our own words: never a part of the command. */
export class SignatureRefused extends Error {
  constructor(
    readonly code: SignatureCode,
    message: string,
  ) {
    super(message);
  }
}
