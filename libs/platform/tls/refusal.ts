/**
 * Why a connection or a forwarded certificate was refused. Words of metrics, logs and alert rules: add, never rename.
 * `untrusted`: another authority's, self-signed, or not signed by whom it says. `key_not_proved`: somebody's certificate, shown by whoever
 * has not its key. `closed`: the client went away before the handshake was over, as the probes of load balancers do. `crowded`: more
 * connections than are served at once.
 */
export type RefusalReason =
  | 'no_certificate'
  | 'untrusted'
  | 'expired'
  | 'not_yet_valid'
  | 'not_for_clients'
  | 'not_a_leaf'
  | 'no_spiffe_id'
  | 'several_names'
  | 'malformed_spiffe_id'
  | 'malformed_certificate'
  | 'not_allowed'
  | 'denied'
  | 'key_not_proved'
  | 'protocol'
  | 'timeout'
  | 'closed'
  | 'crowded';

/** They say nothing of who may come in: whoever it was spoke no TLS 1.3, was too slow, went away, or was one too many. */
const notOfAccess: ReadonlySet<RefusalReason> = new Set(['protocol', 'timeout', 'closed', 'crowded']);

/** Whether somebody was denied access, rather than that nothing came of a connection. */
export const isOfAccess = (reason: RefusalReason): boolean => !notOfAccess.has(reason);

/** Raised for a client certificate that proves nothing here. */
export class CertificateRefused extends Error {
  constructor(
    readonly reason: RefusalReason,
    /** Whose it is, where an authority of ours says so. */
    readonly spiffeId?: string,
  ) {
    super(`the client certificate was refused: ${reason}`);
    this.name = 'CertificateRefused';
  }
}

/** What OpenSSL or a parser throws over a certificate is the certificate's fault: it lets nobody in, and brings nothing down. */
export const refusalOf = (error: unknown): CertificateRefused =>
  error instanceof CertificateRefused ? error : new CertificateRefused('malformed_certificate');

const ofCode: Record<string, RefusalReason> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'no_certificate',
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not_yet_valid',
  INVALID_PURPOSE: 'not_for_clients',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'timeout',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
};

/** What Node tells of an error of OpenSSL. */
interface HandshakeError extends NodeJS.ErrnoException {
  library?: string;
  reason?: string;
}

/** The one signature of a client in a handshake is that of its certificate's key. Codes say in which step of which algorithm it failed. */
const isOfSignature = ({ library, reason = '' }: HandshakeError): boolean =>
  library === 'rsa routines' || ['bad signature', 'provider signature failure'].includes(reason);

/** Why a handshake failed: by what OpenSSL found wrong with the certificate, if it got that far, else by its error. */
export const reasonOf = (error: HandshakeError, authorizationError: unknown): RefusalReason => {
  if (typeof authorizationError === 'string') return ofCode[authorizationError] ?? 'untrusted';
  if (isOfSignature(error)) return 'key_not_proved';
  return ofCode[error.code ?? ''] ?? 'protocol';
};
