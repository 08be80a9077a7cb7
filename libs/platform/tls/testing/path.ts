import { webcrypto } from 'node:crypto';

import type { Issued } from '../issue.js';
import * as x509 from '../x509.js';
import { idOf } from './authority.js';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hour = 3_600_000;
const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;

/** A certificate with any extensions at all, as no honest authority would issue it. */
export interface Odd {
  commonName: string;
  extensions: readonly x509.Extension[];
  notBefore?: Date;
  notAfter?: Date;
  /** Default SHA-256. */
  hash?: 'SHA-1' | 'SHA-256';
  /** Has an RSA key of that size, rather than one on P-256. */
  rsaBits?: number;
}

/** Issues what `issueCertificate` would not. */
export const issueOdd = async (odd: Odd, issuer?: Issued): Promise<Issued> => {
  const keys = await keysOf(odd);
  const signer = (issuer?.keys ?? keys).privateKey;
  const subject = [{ CN: [odd.commonName] }];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
      .toString('hex')
      .replace(/^./, '4'),
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore: odd.notBefore ?? new Date(Date.now() - hour),
    notAfter: odd.notAfter ?? new Date(Date.now() + hour),
    publicKey: keys.publicKey,
    signingKey: signer,
    signingAlgorithm: { ...signer.algorithm, hash: odd.hash ?? algorithm.hash } as typeof algorithm,
    extensions: [...odd.extensions],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
  return { certificatePem: `${certificate.toString('pem')}\n`, keyPem, certificate, keys };
};

const keysOf = async ({ rsaBits }: Odd): Promise<webcrypto.CryptoKeyPair> => {
  if (rsaBits === undefined) return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const publicExponent = new Uint8Array([1, 0, 1]);
  const rsa = { name: 'RSASSA-PKCS1-v1_5', modulusLength: rsaBits, publicExponent, hash: algorithm.hash };
  return webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
};

/** What an authority says of itself; `pathLength` bounds how many more may be beneath it. */
export const ofAuthority = (pathLength?: number): x509.Extension[] => [
  new x509.BasicConstraintsExtension(true, pathLength, true),
  new x509.KeyUsagesExtension(keyCertSign | cRLSign, true),
];

/** What a service's certificate says. */
export const ofService = (service: string): x509.Extension[] => [
  new x509.BasicConstraintsExtension(false, undefined, true),
  new x509.KeyUsagesExtension(digitalSignature, true),
  new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
  new x509.SubjectAlternativeNameExtension([{ type: 'url', value: idOf(service) }]),
];

/** For certificates of servers alone. */
export const forServers = (): x509.Extension => new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]);

/** CA: TRUE, and no key usage that signs certificates. */
export const withoutSigning = (): x509.Extension[] => [
  new x509.BasicConstraintsExtension(true, undefined, true),
  new x509.KeyUsagesExtension(digitalSignature, true),
];

/** CA: FALSE, and a key usage that signs certificates. */
export const signingLeaf = (): x509.Extension[] => [
  new x509.BasicConstraintsExtension(false, undefined, true),
  new x509.KeyUsagesExtension(digitalSignature | keyCertSign, true),
];

export const unknownCritical = (): x509.Extension => new x509.Extension('1.2.3.4.5', true, Buffer.from([5, 0]));

/** Names by URI of other.test alone (RFC 5280, 4.2.1.10). */
export const constrainedTo = (host = 'other.test', critical = true): x509.Extension => {
  const within = (tag: number, content: Buffer) => Buffer.concat([Buffer.from([tag, content.length]), content]);
  const permitted = within(0xa0, within(0x30, within(0x86, Buffer.from(host))));
  return new x509.Extension('2.5.29.30', critical, within(0x30, permitted));
};

/** The identifiers by which certificates find their issuer, as `like` and `issuer` have them: anybody can copy them. */
export const identifiersOf = async (like: Issued, issuer: Issued): Promise<x509.Extension[]> => [
  await x509.SubjectKeyIdentifierExtension.create(like.keys.publicKey),
  await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
];
