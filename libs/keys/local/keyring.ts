import { createHash, randomBytes } from 'node:crypto';
import { KeyringRefused } from '../errors.js';
import { keyBytes, openBox, sealBox } from './box.js';

/** The keyring as it is used: the keys that wrap data keys by version, the version that wraps now, and the roots of MAC and signing keys. */
export interface Keyring {
  current: number;
  wrappingKeys: ReadonlyMap<number, Buffer>;
  macRoot: Buffer;
  signingRoot: Buffer;
}

/**
 * The file, format 2, a storage format: every key sealed under the keyring's master key, which is not in it, and bound to its place.
 * `masterKey` is the start of the master key's digest, so that a wrong one is told from a broken file.
 */
interface KeyringFile {
  format: 2;
  masterKey: string;
  current: number;
  wrappingKeys: Record<string, string>;
  macRoot: string;
  signingRoot: string;
}

/** The file of earlier releases: keys in clear. */
interface BareKeyringFile {
  format: 1;
  current: number;
  masterKeys: Record<string, string>;
  macKey: string;
}

/** A new keyring with random keys. */
export const newKeyring = (): Keyring => ({
  current: 1,
  wrappingKeys: new Map([[1, randomBytes(keyBytes)]]),
  macRoot: randomBytes(keyBytes),
  signingRoot: randomBytes(keyBytes),
});

/** The same with another wrapping key, which wraps from now on. */
export const rotated = (ring: Keyring): Keyring => {
  const current = Math.max(...ring.wrappingKeys.keys()) + 1;
  return { ...ring, current, wrappingKeys: new Map([...ring.wrappingKeys, [current, randomBytes(keyBytes)]]) };
};

/** The text of the file. `masterKey` is 32 bytes. */
export const writeKeyring = (ring: Keyring, masterKey: Buffer): string => {
  const seal = (place: string, key: Buffer) => sealBox(masterKey, placeOf(place), key).toString('base64');
  const file: KeyringFile = {
    format: 2,
    masterKey: digestOf(masterKey),
    current: ring.current,
    wrappingKeys: Object.fromEntries(
      [...ring.wrappingKeys].map(([version, key]) => [version, seal(`wrapping/${version}`, key)]),
    ),
    macRoot: seal(macPlace(ring.current), ring.macRoot),
    signingRoot: seal('signing', ring.signingRoot),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
};

/** What a text turned out to be: the file of this release, or that of an earlier one, which is to be written anew. */
export type FoundKeyring = { format: 1; ring: Keyring } | { format: 2; open(masterKey: Buffer): Keyring };

/** Reads the text of the file at `path`. Throws KeyringRefused for one that is no keyring, and `open` for one of another master key. */
export const readKeyring = (text: string, path: string): FoundKeyring => {
  const file = parse(text);
  if (isBareKeyring(file)) return { format: 1, ring: ringOfBare(file) };
  if (!isKeyring(file))
    throw new KeyringRefused(`${path} is not a keyring; restore it from a backup, without it no sealed data opens`);
  return { format: 2, open: (masterKey) => openKeyring(file, masterKey, path) };
};

const openKeyring = (file: KeyringFile, masterKey: Buffer, path: string): Keyring => {
  if (file.masterKey !== digestOf(masterKey))
    throw new KeyringRefused(
      `${path} was sealed under another master key; give the one that it was made with (BILLING_KEYRING_MASTER_KEY or its file)`,
    );
  const open = (place: string, sealed: string) => openBox(masterKey, placeOf(place), Buffer.from(sealed, 'base64'));
  try {
    return {
      current: file.current,
      wrappingKeys: new Map(
        Object.entries(file.wrappingKeys).map(([version, key]) => [Number(version), open(`wrapping/${version}`, key)]),
      ),
      macRoot: open(macPlace(file.current), file.macRoot),
      signingRoot: open('signing', file.signingRoot),
    };
  } catch (cause) {
    throw new KeyringRefused(`${path} was changed since it was written; restore it from a backup`, { cause });
  }
};

/** It had no signing keys. */
const ringOfBare = ({ current, masterKeys, macKey }: BareKeyringFile): Keyring => ({
  current,
  wrappingKeys: new Map(Object.entries(masterKeys).map(([version, key]) => [Number(version), decode(key)])),
  macRoot: decode(macKey),
  signingRoot: randomBytes(keyBytes),
});

const placeOf = (place: string): Buffer => Buffer.from(`billing keyring/2/${place}`);
/** Bound to the version that wraps, so that nobody sets that back. */
const macPlace = (current: number): string => `mac/${current}`;
const digestOf = (masterKey: Buffer): string =>
  createHash('sha256').update('billing keyring master key').update(masterKey).digest('hex').slice(0, 16);
const decode = (text: string): Buffer => Buffer.from(text, 'base64');

const parse = (text: string): Record<string, unknown> => {
  try {
    const file: unknown = JSON.parse(text);
    return typeof file === 'object' && file !== null ? (file as Record<string, unknown>) : {};
  } catch {
    // The parser's message would quote the file, and with it a key.
    return {};
  }
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isKey = (value: unknown): boolean => isText(value) && decode(value).length === keyBytes;

/** Whether `keys` holds versions, the current one among them, and each is what it should be. */
const areVersions = (keys: unknown, current: unknown, isOne: (key: unknown) => boolean): boolean =>
  typeof keys === 'object' &&
  keys !== null &&
  Object.hasOwn(keys, String(current)) &&
  Object.entries(keys).every(([version, key]) => /^[1-9]\d{0,8}$/.test(version) && isOne(key));

const isKeyring = (file: object): file is KeyringFile => {
  const { format, masterKey, current, wrappingKeys, macRoot, signingRoot } = file as Partial<KeyringFile>;
  return format === 2 && [masterKey, macRoot, signingRoot].every(isText) && areVersions(wrappingKeys, current, isText);
};

const isBareKeyring = (file: object): file is BareKeyringFile => {
  const { format, current, masterKeys, macKey } = file as Partial<BareKeyringFile>;
  return format === 1 && areVersions(masterKeys, current, isKey) && isKey(macKey);
};
