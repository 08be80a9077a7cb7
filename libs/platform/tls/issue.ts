import { createPrivateKey, webcrypto } from 'node:crypto';

import * as x509 from './x509.js';

/** What a certificate is to say. */
export interface CertificateRequest {
  commonName: string;
  names?: readonly { type: 'url' | 'dns' | 'ip'; value: string }[];
  /** Extended key usages; left out: the certificate says nothing about them. */
  usages?: readonly ('clientAuth' | 'serverAuth')[];
  /** May sign others. */
  authority?: boolean;
  notBefore: Date;
  notAfter: Date;
}

/** A certificate with its key, both in PEM. */
export interface Issued {
  certificatePem: string;
  keyPem: string;
  certificate: x509.X509Certificate;
  keys: webcrypto.CryptoKeyPair;
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Makes a P-256 key and a certificate for it, signed by `issuer` or, where there is none, by itself. */
export const issueCertificate = async (request: CertificateRequest, issuer?: Issued): Promise<Issued> => {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const subject = nameOf(request.commonName);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore: request.notBefore,
    notAfter: request.notAfter,
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: algorithm,
    extensions: await extensionsOf(request, keys, issuer),
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const keyPem = `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END PRIVATE KEY-----\n`;
  return { certificatePem: `${certificate.toString('pem')}\n`, keyPem, certificate, keys };
};

const nameOf = (commonName: string) => [{ CN: [commonName] }];

/** 127 random bits: positive, whatever they are. */
const serialNumber = (): string => {
  const bytes = webcrypto.getRandomValues(Buffer.alloc(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
};

const extensionsOf = async (
  { names = [], usages, authority = false }: CertificateRequest,
  keys: webcrypto.CryptoKeyPair,
  issuer: Issued | undefined,
): Promise<x509.Extension[]> => {
  const { keyCertSign, cRLSign, digitalSignature } = x509.KeyUsageFlags;
  const signer = issuer?.keys ?? keys;
  return [
    new x509.BasicConstraintsExtension(authority, undefined, true),
    new x509.KeyUsagesExtension(authority ? keyCertSign | cRLSign | digitalSignature : digitalSignature, true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(signer.publicKey),
    ...(usages ? [new x509.ExtendedKeyUsageExtension(usages.map((usage) => x509.ExtendedKeyUsage[usage]))] : []),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension([...names])] : []),
  ];
};

/** One that was issued before, from its PEM. Throws where they are not what `issueCertificate` makes. */
export const readIssued = async (certificatePem: string, keyPem: string): Promise<Issued> => {
  const certificate = new x509.X509Certificate(certificatePem);
  const pkcs8 = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' });
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
  const publicKey = await certificate.publicKey.export(algorithm, ['verify']);
  return { certificatePem, keyPem, certificate, keys: { privateKey, publicKey } };
};
