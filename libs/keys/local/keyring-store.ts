import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMasterKey } from '#platform/configuration';
import { KeyringRefused } from '../errors.js';
import { keyBytes } from './box.js';
import { newKeyring, readKeyring, rotated, writeKeyring } from './keyring.js';
import type { Keyring } from './keyring.js';
import { readOrCreateSecretFile, readSecretFile, replaceSecretFile, whileLocked } from '../secret-file/index.js';

/** What opens the keyring: 32 bytes in base64, or the file that holds them. */
export type MasterKeySource = { base64: string } | { file: string };

/** Beside the keyring, where no other place is named. */
const masterKeyFile = 'keyring-master.key';

/** A keyring file that several processes share. */
export class KeyringStore {
  readonly #path: string;
  readonly #masterKey: Buffer;
  #held: Keyring;
  /** Of the file that `#held` was read from. */
  #stamp: string;

  private constructor(path: string, masterKey: Buffer, held: Keyring, stamp: string) {
    this.#path = path;
    this.#masterKey = masterKey;
    this.#held = held;
    this.#stamp = stamp;
  }

  /** See LocalKeyManagement.open. */
  static async open(path: string, source?: MasterKeySource): Promise<KeyringStore> {
    const text = await readSecretFile(path);
    const isSealed = text !== undefined && readKeyring(text, path).format === 2;
    const masterKey = await masterKeyOf(source, path, isSealed);
    if (text === undefined) await readOrCreateSecretFile(path, () => writeKeyring(newKeyring(), masterKey));
    else if (!isSealed) await seal(path, masterKey);
    const stamp = await stampOf(path);
    return new KeyringStore(path, masterKey, await readSealed(path, masterKey), stamp);
  }

  /** As it was last read. */
  get held(): Keyring {
    return this.#held;
  }

  /** As it stands in the file now. */
  async newest(): Promise<Keyring> {
    const stamp = await stampOf(this.#path);
    if (stamp !== this.#stamp) {
      this.#held = await readSealed(this.#path, this.#masterKey);
      this.#stamp = stamp;
    }
    return this.#held;
  }

  /** Adds a wrapping key, which wraps from now on. */
  async rotate(): Promise<void> {
    await whileLocked(this.#path, async () => {
      const ring = await readSealed(this.#path, this.#masterKey);
      await replaceSecretFile(this.#path, writeKeyring(rotated(ring), this.#masterKey));
    });
    await this.newest();
  }
}

/** Seals a keyring of an earlier release, unless another process just did. */
const seal = (path: string, masterKey: Buffer): Promise<void> =>
  whileLocked(path, async () => {
    const found = readKeyring((await readSecretFile(path)) ?? '', path);
    if (found.format === 1) await replaceSecretFile(path, writeKeyring(found.ring, masterKey));
  });

const readSealed = async (path: string, masterKey: Buffer): Promise<Keyring> => {
  const found = readKeyring((await readSecretFile(path)) ?? '', path);
  if (found.format !== 2) throw new KeyringRefused(`${path} was replaced by one of an earlier release; start again`);
  return found.open(masterKey);
};

/** Differs whenever the file does: it is never written in place. */
const stampOf = async (path: string): Promise<string> => {
  const { ino, mtimeMs, size } = await stat(path);
  return `${ino}/${mtimeMs}/${size}`;
};

const masterKeyOf = async (source: MasterKeySource | undefined, path: string, isSealed: boolean): Promise<Buffer> => {
  if (source && 'base64' in source) return masterKeyIn(source.base64, 'BILLING_KEYRING_MASTER_KEY');
  const file = source?.file ?? join(dirname(path), masterKeyFile);
  // A master key that is made anew opens nothing that was sealed before, and one that is named has to be there.
  const mayMake = source === undefined && !isSealed;
  const text = mayMake
    ? await readOrCreateSecretFile(file, () => `${randomBytes(keyBytes).toString('base64')}\n`)
    : await readSecretFile(file);
  if (text === undefined)
    throw new KeyringRefused(
      isSealed
        ? `${file} is missing, and ${path} opens with no other master key; restore it from a backup`
        : `${file} is missing; make it with: (umask 077; openssl rand -base64 32 > ${file})`,
    );
  return masterKeyIn(text.trim(), file);
};

const masterKeyIn = (base64: string, where: string): Buffer => {
  if (!isMasterKey(base64))
    throw new KeyringRefused(`${where} must hold 32 bytes in base64, as openssl rand -base64 32 gives them`);
  return Buffer.from(base64, 'base64');
};
