import { X509Certificate } from 'node:crypto';

import { isSpiffeId } from '../spiffe/index.js';
import { canBeJudged, isInTime, isLink } from './certificate-path.js';

const maxEntries = 10_000;
const pemForm = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const fingerprintForm = /^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i;

/** The authorities of a file. */
export interface Authorities {
  pem: string;
  certificates: readonly X509Certificate[];
}

/**
 * The authorities of a PEM file: roots, and those between if their root is there too, without which OpenSSL lets in nobody. Throws where
 * there is none in its time, where a certificate is cut off, and for one that is no authority or that could not be judged.
 */
export const authoritiesOf = ([pem = '']: readonly string[]): Authorities => {
  const blocks = pem.match(pemForm) ?? [];
  if (blocks.length !== pem.split('-----BEGIN').length - 1)
    throw new Error('TLS_CLIENT_CA holds something that is no certificate in PEM, or the half of one');
  const certificates = blocks.map((text) => {
    try {
      return new X509Certificate(text);
    } catch {
      throw new Error('TLS_CLIENT_CA holds something that is no certificate');
    }
  });
  if (certificates.length === 0) throw new Error('TLS_CLIENT_CA must hold certificates of authorities in PEM');
  for (const certificate of certificates) {
    const wrong = wrongWith(certificate, certificates);
    if (wrong !== undefined) throw new Error(`TLS_CLIENT_CA holds ${wrong} (serial ${certificate.serialNumber})`);
  }
  if (!certificates.some((certificate) => isInTime(certificate, Date.now())))
    throw new Error('TLS_CLIENT_CA holds no authority that is in its time: they have expired, or are not valid yet');
  return { pem: blocks.join('\n'), certificates };
};

const wrongWith = (certificate: X509Certificate, all: readonly X509Certificate[]): string | undefined => {
  if (!certificate.ca) return "a certificate that is no authority's";
  if (!canBeJudged(certificate))
    return 'an authority with name constraints, a critical extension that nobody looks at here, or a weak key';
  return all.some((each) => isLink(certificate, each)) ? undefined : 'an authority without the root that it leads to';
};

/** Whether an authority was taken out. */
export const losesAuthority = ({ certificates }: Authorities, next: Authorities): boolean => {
  const left = new Set(next.certificates.map(({ fingerprint256 }) => fingerprint256));
  return certificates.some(({ fingerprint256 }) => !left.has(fingerprint256));
};

/** Whether an entry of a list was taken out. */
export const losesEntry = (before: ReadonlySet<string>, next: ReadonlySet<string>): boolean =>
  [...before].some((entry) => !next.has(entry));

/** Lines without comments. Whoever writes in place empties a file first, and may stop within a line. */
const linesOf = (text: string): string[] => {
  if (!text.endsWith('\n'))
    throw new Error('a list ends with the end of a line, also one of nobody (a comment, say): it may be half written');
  const lines = text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  if (lines.length > maxEntries) throw new Error(`a list has ${maxEntries} lines at most`);
  return lines;
};

/** A list of SPIFFE ids, one a line; `#` begins a comment. Throws for a line that is none. */
export const allowListOf = ([text = '']: readonly string[]): ReadonlySet<string> => {
  const lines = linesOf(text);
  const wrong = lines.find((line) => !isSpiffeId(line));
  if (wrong !== undefined) throw new Error(`${wrong.slice(0, 100)} is no SPIFFE id (spiffe://trust-domain/path)`);
  return new Set(lines);
};

/** A list of SPIFFE ids and of SHA-256 fingerprints in hexadecimal (colons or not), one a line. Throws for a line that is neither. */
export const denyListOf = ([text = '']: readonly string[]): ReadonlySet<string> => {
  const entries = linesOf(text).map((line) => {
    if (isSpiffeId(line)) return line;
    if (fingerprintForm.test(line)) return line.replaceAll(':', '').toLowerCase();
    throw new Error(`${line.slice(0, 100)} is no SPIFFE id and no SHA-256 fingerprint`);
  });
  return new Set(entries);
};
