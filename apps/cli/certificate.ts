import { X509Certificate, hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { UsageError } from './usage.js';

/** A client certificate, as tokens name it. */
export interface Certificate {
  /** SHA-256 of the DER form, base64url (`x5t#S256`, RFC 8705). */
  thumbprint: string;
  /** The URIs it is made out to. */
  uris: string[];
}

/** Reads the first certificate of a PEM file. Throws UsageError. */
export const readCertificate = async (file: string): Promise<Certificate> => {
  const pem = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'it is no file'}`);
  });
  try {
    const { raw, subjectAltName = '' } = new X509Certificate(pem);
    const names = subjectAltName.split(', ').filter((name) => name.startsWith('URI:'));
    return { thumbprint: hash('sha256', raw, 'base64url'), uris: names.map((name) => name.slice('URI:'.length)) };
  } catch {
    throw new UsageError(`${file} holds no certificate: give PEM (BEGIN CERTIFICATE)`);
  }
};
