import { X509Certificate, createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';

/** What a listener proves itself with. */
export interface ServerCredentials {
  /** PEM: its certificate, then those that lead to its authority. */
  cert: string;
  key: string;
  notAfter: Date;
}

/** Reads a certificate and its key. Throws with one line that says what is wrong; never with a part of the key. */
export const serverCredentialsOf = ([cert = '', key = '']: readonly string[]): ServerCredentials => {
  const certificate = attempt(() => new X509Certificate(cert), 'TLS_CERT must be a certificate in PEM');
  const privateKey = attempt(() => createPrivateKey(key), 'TLS_KEY must be a private key in PEM, without a passphrase');
  if (!certificate.checkPrivateKey(privateKey))
    throw new Error('TLS_KEY is not the key of the certificate in TLS_CERT');
  const notAfter = certificate.validToDate;
  if (notAfter.getTime() <= Date.now())
    throw new Error(`the certificate in TLS_CERT expired at ${notAfter.toISOString()}`);
  attempt(() => createSecureContext({ cert, key }), 'OpenSSL takes TLS_CERT and TLS_KEY for nothing');
  return { cert, key, notAfter };
};

const attempt = <T>(work: () => T, message: string): T => {
  try {
    return work();
  } catch {
    throw new Error(message);
  }
};
