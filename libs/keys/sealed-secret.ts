import { SealBroken } from './errors.js';

/** The row of a secret of the processor. The same words must be given to open it. */
export interface SecretPlace {
  processor: string;
  /** '' for the platform's own. */
  account: string;
  version: number;
}

/** Where a secret belongs: a word for its kind, its row, and the environment. */
export interface SecretHome extends SecretPlace {
  purpose: string;
  environment: string;
}

const prefix = 'v2.';
/** What the KMS gives at most. */
const maxWrappedBytes = 6_144;

/** Whether the KMS sealed it by itself; what earlier releases sealed is a sealed text (`v1.`) under a key of the platform. */
export const isSealedByKms = (text: string): boolean => text.startsWith(prefix);

/** The ciphertext of the KMS as a text of a row: `v2.<base64url>`, a storage format. */
export const secretTextOf = (wrapped: Buffer): string => prefix + wrapped.toString('base64url');

/** The other way round, strictly: one text for one value. Throws SealBroken for anything else. */
export const wrappedSecretOf = (text: string): Buffer => {
  const encoded = text.slice(prefix.length);
  if (!isSealedByKms(text) || encoded.length > Math.ceil((maxWrappedBytes * 4) / 3))
    throw new SealBroken('not a sealed secret');
  const wrapped = Buffer.from(encoded, 'base64url');
  if (wrapped.length === 0 || wrapped.toString('base64url') !== encoded)
    throw new SealBroken('not canonical base64url');
  return wrapped;
};

/**
 * What the KMS encrypts: the secret and the row that it belongs to, a storage format. The context of the KMS says processor, purpose and
 * environment; account and version it does not.
 */
export const secretBytes = (home: SecretHome, secret: string): Buffer =>
  Buffer.from(JSON.stringify([...wordsOf(home), secret]));

/** The secret, where the bytes are of this very row. Throws SealBroken for those of another, or of no secret. */
export const secretOf = (home: SecretHome, bytes: Buffer): string => {
  const words = parse(bytes);
  const secret = words.at(-1);
  const wanted = [...wordsOf(home), secret];
  if (typeof secret !== 'string' || JSON.stringify(words) !== JSON.stringify(wanted))
    throw new SealBroken('of another row');
  return secret;
};

const wordsOf = ({ purpose, processor, account, environment, version }: SecretHome): string[] => [
  ...['secret', purpose, processor, account, environment],
  String(version),
];

const parse = (bytes: Buffer): unknown[] => {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return Array.isArray(value) ? (value as unknown[]) : [];
  } catch {
    // The parser's message would quote what it read.
    return [];
  }
};
