/** The other end of a connection, as its client certificate proves it. */
export interface Peer {
  /** The one URI of the certificate, `spiffe://trust-domain/path`. */
  readonly spiffeId: string;
  /** SHA-256 of the certificate (DER), base64url: what `x5t#S256` of RFC 8705 says. */
  readonly thumbprint: string;
}
