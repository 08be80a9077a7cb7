/** Keys of notes, as https://c2sp.org/signed-note writes them: `<name>+<key id>+<base64 of type and public key>`. */
import type { KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { Malformed } from '../errors.js';
import { sha256 } from '../merkle/index.js';
import { base64, fromBase64 } from '../strict-text.js';
import { isKeyName } from './note.js';

/**
 * `ed25519` signs the text of a note; so does `ecdsa-p256`, with SHA-256 and a signature in DER; `cosignature` is the Ed25519 key of a
 * witness, https://c2sp.org/tlog-cosignature, and never that of a log.
 */
export type KeyType = 'ed25519' | 'ecdsa-p256' | 'cosignature';

export interface VerifierKey {
  readonly name: string;
  readonly type: KeyType;
  /** uint32 that stands before each signature of this key. */
  readonly id: number;
  readonly publicKey: KeyObject;
}

/** Signature type bytes of the specification. */
const typeBytes: Readonly<Record<KeyType, number>> = { ed25519: 0x01, 'ecdsa-p256': 0x02, cosignature: 0x04 };

/** What stands before the 32 bytes of an Ed25519 key in its SPKI form (RFC 8410). */
const ed25519Spki = Buffer.from('302a300506032b6570032100', 'hex');
const ed25519KeyBytes = 32;

const spkiOf = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' });

/** The key as its type writes it: 32 bytes for Ed25519, SPKI in DER for ECDSA. */
const materialOf = (type: KeyType, publicKey: KeyObject): Uint8Array =>
  type === 'ecdsa-p256' ? spkiOf(publicKey) : spkiOf(publicKey).subarray(ed25519Spki.length);

const idOf = (name: string, type: KeyType, material: Uint8Array): number => {
  // The ECDSA type, older than the rule for ids, leaves the name out.
  const named =
    type === 'ecdsa-p256' ? material : Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(typeBytes[type]), material]);
  return Buffer.from(sha256(named)).readUInt32BE(0);
};

const fits = (type: KeyType, key: KeyObject): boolean =>
  type === 'ecdsa-p256'
    ? key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
    : key.asymmetricKeyType === 'ed25519';

/** The key of that name. Throws Malformed for a name that no key may have, and for a public key that is not of `type`. */
export const verifierKey = (name: string, type: KeyType, publicKey: KeyObject): VerifierKey => {
  if (!isKeyName(name) || !name.isWellFormed()) {
    throw new Malformed('key', 'its name is empty or has a space or a plus');
  }
  if (publicKey.type !== 'public' || !fits(type, publicKey)) throw new Malformed('key', `it is no ${type} public key`);
  return { name, type, id: idOf(name, type, materialOf(type, publicKey)), publicKey };
};

const hexId = (id: number): string => id.toString(16).padStart(8, '0');

/** The vkey of a key: what a log or a witness tells those who will trust it. */
export const formatVerifierKey = ({ name, type, id, publicKey }: VerifierKey): string =>
  `${name}+${hexId(id)}+${base64(Buffer.concat([Buffer.of(typeBytes[type]), materialOf(type, publicKey)]))}`;

const readPublicKey = (type: KeyType, material: Uint8Array): KeyObject => {
  if (type !== 'ecdsa-p256' && material.length !== ed25519KeyBytes) {
    throw new Malformed('vkey', 'an Ed25519 key has 32 bytes');
  }
  const spki = type === 'ecdsa-p256' ? Buffer.from(material) : Buffer.concat([ed25519Spki, material]);
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new Malformed('vkey', 'it holds no public key', { cause });
  }
};

/** The key of a vkey. Throws Malformed when it is not written as the specification says, or when its id is not that of name and key. */
export const parseVerifierKey = (vkey: string): VerifierKey => {
  const [, name = '', , encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey) ?? [];
  const [typeByte, ...material] = fromBase64(encoded, 'vkey');
  const type = (Object.keys(typeBytes) as KeyType[]).find((each) => typeBytes[each] === typeByte);
  if (!type) throw new Malformed('vkey', 'its type is none of Ed25519 (1), ECDSA P-256 (2) and witness (4)');
  const key = verifierKey(name, type, readPublicKey(type, Uint8Array.from(material)));
  // One key has one vkey: this holds the id against name and key as well.
  if (formatVerifierKey(key) !== vkey) throw new Malformed('vkey', 'its id is not that of its name and key');
  return key;
};
