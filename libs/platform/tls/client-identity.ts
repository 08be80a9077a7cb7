import type { X509Certificate } from 'node:crypto';

import type { Peer } from '#access';

import { isSpiffeId } from '../spiffe/index.js';
import { CertificateRefused, refusalOf } from './refusal.js';
import * as x509 from './x509.js';

/** Who a client certificate says its holder is. */
export interface ClientIdentity {
  readonly peer: Peer;
  /** SHA-256 of the certificate (DER), lower-case hexadecimal. */
  readonly fingerprint: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** The certificate, then those that led to its authority, as they were shown. */
  readonly chain: readonly X509Certificate[];
}

const subjectAltName = '2.5.29.17';

/**
 * Reads a client certificate as SPIFFE's X509-SVID 4 and 5 has it: a leaf that may not sign others, made for clients where it says what
 * it is made for, with exactly one name of the kind URI, which is a SPIFFE id. Who issued it is not looked at. Throws CertificateRefused.
 */
export const identityOf = (chain: readonly X509Certificate[]): ClientIdentity => {
  const [certificate] = chain;
  if (certificate === undefined) throw new CertificateRefused('no_certificate');
  const extensions = extensionsOf(certificate);
  if (certificate.ca || extensions.signsOthers) throw new CertificateRefused('not_a_leaf');
  if (!extensions.forClients) throw new CertificateRefused('not_for_clients');
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  return {
    peer: {
      spiffeId: spiffeIdAmong(extensions.uris),
      thumbprint: Buffer.from(fingerprint, 'hex').toString('base64url'),
    },
    fingerprint,
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    chain,
  };
};

const spiffeIdAmong = (uris: readonly string[]): string => {
  const [uri, ...others] = uris;
  if (uri === undefined) throw new CertificateRefused('no_spiffe_id');
  if (others.length > 0) throw new CertificateRefused('several_names');
  if (!isSpiffeId(uri)) throw new CertificateRefused('malformed_spiffe_id');
  return uri;
};

interface Extensions {
  signsOthers: boolean;
  forClients: boolean;
  uris: readonly string[];
}

/** From the DER: the text that Node makes of the names is for people, and had to be quoted once somebody put a comma into one (CVE-2021-44532). */
const extensionsOf = ({ raw }: X509Certificate): Extensions => {
  try {
    const parsed = new x509.X509Certificate(raw);
    const [names, ...repeated] = parsed.extensions.filter(({ type }) => type === subjectAltName);
    if (repeated.length > 0) throw new CertificateRefused('several_names');
    const usages = parsed.getExtension(x509.KeyUsagesExtension)?.usages ?? 0;
    const extended = parsed.getExtension(x509.ExtendedKeyUsageExtension)?.usages;
    return {
      signsOthers: (usages & (x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign)) !== 0,
      forClients: extended === undefined || extended.includes(x509.ExtendedKeyUsage.clientAuth),
      uris:
        names === undefined
          ? []
          : new x509.SubjectAlternativeNameExtension(names.rawData).names.items
              .filter(({ type }) => type === 'url')
              .map(({ value }) => value),
    };
  } catch (error) {
    throw refusalOf(error);
  }
};

/** The certificates that a connection showed, its own first; at most ten. */
export const chainOf = (first: X509Certificate | undefined): X509Certificate[] => {
  const chain: X509Certificate[] = [];
  for (let next = first; next !== undefined && chain.length < 10; next = next.issuerCertificate) {
    if (chain.some(({ fingerprint256 }) => fingerprint256 === next?.fingerprint256)) break; // its own issuer
    chain.push(next);
  }
  return chain;
};
