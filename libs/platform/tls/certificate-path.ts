import type { X509Certificate } from 'node:crypto';

import * as x509 from './x509.js';

/** basicConstraints, keyUsage, extKeyUsage, subjectAltName and the two identifiers of keys: what is looked at here. */
const judged: ReadonlySet<string> = new Set([
  '2.5.29.19',
  '2.5.29.15',
  '2.5.29.37',
  '2.5.29.17',
  '2.5.29.14',
  '2.5.29.35',
]);
const nameConstraints = '2.5.29.30';
const weakHashes: ReadonlySet<string> = new Set(['MD5', 'SHA-1']);
const leastRsaBits = 2_048;
/** In a file of authorities, from one of them to its root. */
const maxAbove = 10;

/**
 * Until when (milliseconds since 1970) one of `authorities` vouches for the first certificate of `chain`, by way of the others, each of
 * which issued the one before it; undefined: none does at `now`. Judges as OpenSSL does on a connection (RFC 5280, 6.1): signatures, times,
 * who may sign and how deep, and what for; and refuses what it could not judge: name constraints, and extensions that must be understood.
 * The time of the first certificate itself is not looked at.
 */
export const issuedUntil = (
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: number,
): number | undefined => {
  const [leaf] = chain;
  if (leaf === undefined || !canBeJudged(leaf)) return undefined;
  let between = Infinity;
  let found: number | undefined;
  for (const [at, certificate] of chain.entries()) {
    const below = chain.slice(1, at + 1);
    const vouched = vouchedUntil(certificate, authorities, { below, now });
    if (vouched !== undefined) found = Math.max(found ?? 0, Math.min(between, vouched));
    const next = chain[at + 1];
    if (next === undefined || !isIssuer(next, certificate, { below, now })) break;
    between = Math.min(between, next.validToDate.getTime());
  }
  return found;
};

interface Place {
  /** The intermediate certificates beneath. */
  below: readonly X509Certificate[];
  now: number;
}

/** Until when authorities vouch for a certificate, up to one that signed itself; those that are between may be among them. */
const vouchedUntil = (
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
  { below, now }: Place,
): number | undefined => {
  let found: number | undefined;
  for (const authority of authorities) {
    if (!isIssuer(authority, certificate, { below, now })) continue;
    const above = isRoot(authority) ? Infinity : vouchedAbove(authority, authorities, { below, now });
    if (above !== undefined) found = Math.max(found ?? 0, Math.min(above, authority.validToDate.getTime()));
  }
  return found;
};

const vouchedAbove = (
  authority: X509Certificate,
  authorities: readonly X509Certificate[],
  { below, now }: Place,
): number | undefined =>
  below.length >= maxAbove ? undefined : vouchedUntil(authority, authorities, { below: [...below, authority], now });

/** Whether a certificate of an authority is signed by itself: nobody needs to vouch for it. */
export const isRoot = (certificate: X509Certificate): boolean => isLink(certificate, certificate);

const isIssuer = (issuer: X509Certificate, issued: X509Certificate, { below, now }: Place): boolean =>
  issuer.ca && isInTime(issuer, now) && isLink(issued, issuer) && canBeJudged(issuer) && issuesToClients(issuer, below);

/** Whether a certificate names `issuer`, by name, identifier and number, which may sign by its key usage, neither saying twice what it is; and whether it has signed. */
export const isLink = (certificate: X509Certificate, issuer: X509Certificate): boolean => {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // a key of a kind that OpenSSL does not know
  }
};

export const isInTime = ({ validFromDate, validToDate }: X509Certificate, now: number): boolean =>
  validFromDate.getTime() <= now && now < validToDate.getTime();

/** Whether nothing in a certificate binds it in a way that nobody looks at here, and its key and signature are strong (OpenSSL's level 2). */
export const canBeJudged = (certificate: X509Certificate): boolean => {
  const { raw, publicKey } = certificate;
  try {
    const { extensions, signatureAlgorithm } = new x509.X509Certificate(raw);
    const { hash } = signatureAlgorithm as { hash?: { name?: string } };
    return (
      !extensions.some(({ type }) => type === nameConstraints) &&
      extensions.every(({ type, critical }) => !critical || judged.has(type)) &&
      (!weakHashes.has(hash?.name ?? '') || isRoot(certificate)) && // nothing hangs on a root's own
      (publicKey.asymmetricKeyDetails?.modulusLength ?? leastRsaBits) >= leastRsaBits
    );
  } catch {
    return false;
  }
};

/** Whether an authority issues to clients, where it says to whom, with so many authorities beneath it. That it may sign, isLink has seen. */
const issuesToClients = ({ raw }: X509Certificate, below: readonly X509Certificate[]): boolean => {
  const parsed = new x509.X509Certificate(raw);
  const extended = parsed.getExtension(x509.ExtendedKeyUsageExtension)?.usages;
  if (extended !== undefined && !extended.includes(x509.ExtendedKeyUsage.clientAuth)) return false;
  const depth = below.filter(({ subject, issuer }) => subject !== issuer).length;
  return depth <= (parsed.getExtension(x509.BasicConstraintsExtension)?.pathLength ?? Infinity);
};
