import type { KeyObject } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import type { VerifierKey } from '#audit';
import { cosignedMessage, formatNote, formatTimestamped, parseNote, verifierKey } from '#audit';

/** What a witness must not forget: its key, and the last checkpoint that it cosigned of each log. One folder. */
export class WitnessState {
  private constructor(
    private readonly directory: string,
    private readonly privateKey: KeyObject,
    readonly key: VerifierKey,
  ) {}

  /** Opens the folder; a key is made where there is none. */
  static async open(directory: string, name: string): Promise<WitnessState> {
    await mkdir(directory, { recursive: true });
    const file = join(directory, 'key.pem');
    const kept = await readFile(file, 'utf8').catch(() => undefined);
    const privateKey = kept === undefined ? generateKeyPairSync('ed25519').privateKey : createPrivateKey(kept);
    if (kept === undefined) {
      await writeDurably(directory, 'key.pem', String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
    }
    return new WitnessState(directory, privateKey, verifierKey(name, 'cosignature', createPublicKey(privateKey)));
  }

  /** The note that was cosigned last, cosignature included. */
  async latest(origin: string): Promise<string | undefined> {
    return readFile(join(this.directory, hashOf(origin)), 'utf8').catch(() => undefined);
  }

  async keep(origin: string, note: string): Promise<void> {
    await writeDurably(this.directory, hashOf(origin), note);
  }

  /** The note with no signatures but those of the log and our own of now. */
  cosign(note: string): string {
    const { text, signatures } = parseNote(note);
    const timestamp = BigInt(Math.floor(Date.now() / 1_000));
    const signature = formatTimestamped({
      timestamp,
      signature: sign(null, cosignedMessage(text, timestamp), this.privateKey),
    });
    const { name, id } = this.key;
    const others = signatures.filter((other) => other.name !== name || other.keyId !== id);
    return formatNote({ text, signatures: [...others, { name, keyId: id, signature }] });
  }
}

/** As https://c2sp.org/tlog-witness names a log in the monitoring prefix. */
export const hashOf = (origin: string): string => createHash('sha256').update(origin).digest('hex');

const writeDurably = async (directory: string, name: string, text: string): Promise<void> => {
  const [temporary, file] = [join(directory, `.${name}`), join(directory, name)];
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
};
