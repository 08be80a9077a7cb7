import 'reflect-metadata'; // which x509 needs before it is loaded
import { webcrypto } from 'node:crypto';

import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  cryptoProvider,
} from '@peculiar/x509';

cryptoProvider.set(webcrypto as never);

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const dayMs = 86_400_000;

/** A server's certificate and its key, in PEM. */
export interface ServerCertificate {
  cert: string;
  key: string;
}

export interface Issue {
  /** DNS names that it is good for. */
  names?: readonly string[];
  /** IP addresses that it is good for. */
  addresses?: readonly string[];
  /** When it ends. Default: in a day. It began two days before. */
  notAfter?: Date;
}

/** An authority of this test alone. */
export interface Authority {
  /** Its own certificate, in PEM. */
  ca: string;
  issue(wanted: Issue): Promise<ServerCertificate>;
}

/** Makes an authority with a key on P-256. */
export const makeAuthority = async (): Promise<Authority> => {
  const keys = await newKeys();
  const name = 'CN=authority for tests';
  const root = await X509CertificateGenerator.createSelfSigned({
    name,
    keys: keys as never,
    signingAlgorithm: algorithm,
    ...validity(new Date(Date.now() + dayMs)),
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  });
  return {
    ca: root.toString('pem'),
    issue: async ({ names = [], addresses = [], notAfter = new Date(Date.now() + dayMs) }) => {
      const own = await newKeys();
      const certificate = await X509CertificateGenerator.create({
        subject: 'CN=server for tests',
        issuer: name,
        publicKey: own.publicKey as never,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity(notAfter),
        extensions: [
          new BasicConstraintsExtension(false),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension([
            ...names.map((value) => ({ type: 'dns' as const, value })),
            ...addresses.map((value) => ({ type: 'ip' as const, value })),
          ]),
        ],
      });
      return { cert: certificate.toString('pem'), key: await pemOf(own.privateKey) };
    },
  };
};

const newKeys = () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);

const validity = (notAfter: Date) => ({ notBefore: new Date(Date.now() - 2 * dayMs), notAfter });

const pemOf = async (key: webcrypto.CryptoKey): Promise<string> => {
  const base64 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
};
