import type { NoteSignature, TreeHead, VerifierKey } from '#audit';
import { parseNote } from '#audit';

import type { ConsistencyFrom } from '../ports.js';
import { addCheckpoint } from './add-checkpoint.js';
import { cosignatureIn } from './cosignature-line.js';
import { WitnessAbsent, WitnessedFork } from './errors.js';

/** First from where we think it is, then from where it says it is, and once more if another of our own was quicker. */
const maxRounds = 3;

export interface WitnessOptions {
  /** What the policy calls it. */
  name: string;
  key: VerifierKey;
  /** Submission prefix; a slash at its end changes nothing. */
  url: string;
  /** Of one request. */
  timeoutMs: number;
}

/** One witness, asked by https://c2sp.org/tlog-witness. It remembers where the witness was, which is a guess and costs at most a request. */
export class Witness {
  readonly name: string;
  readonly key: VerifierKey;
  readonly #url: URL;
  readonly #timeoutMs: number;
  #believedSize = 0;

  constructor({ name, key, url, timeoutMs }: WitnessOptions) {
    this.name = name;
    this.key = key;
    this.#url = new URL(`${url.replace(/\/+$/, '')}/add-checkpoint`);
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Its verified cosignature of a checkpoint. Throws WitnessAbsent when there is none to be had now, WitnessedFork when it has seen another
   * tree, and whatever `consistencyFrom` throws.
   */
  async cosign(
    note: string,
    head: TreeHead,
    consistencyFrom: ConsistencyFrom,
    signal: AbortSignal,
  ): Promise<NoteSignature> {
    let oldSize = this.#believedSize <= head.size ? this.#believedSize : 0;
    for (let round = 0; round < maxRounds; round += 1) {
      const proof = oldSize === 0 || oldSize === head.size ? [] : await consistencyFrom(oldSize);
      const exchange = { url: this.#url, timeoutMs: this.#timeoutMs, signal };
      const answer = await addCheckpoint({ oldSize, proof, note, head }, exchange);
      if ('lines' in answer) return this.#accept(answer.lines, note, head);
      if ('inconsistent' in answer) throw new WitnessedFork(this.name, 'other_root', oldSize, head.size);
      oldSize = this.#stepTo(answer.at, oldSize, head);
    }
    throw new WitnessAbsent('conflict', 'it tells another size with every answer');
  }

  #accept(lines: string, note: string, head: TreeHead): NoteSignature {
    const signature = cosignatureIn(lines, parseNote(note).text, this.key);
    this.#believedSize = head.size;
    return signature;
  }

  #stepTo(at: number, oldSize: number, head: TreeHead): number {
    if (at > head.size) throw new WitnessedFork(this.name, 'ahead', at, head.size);
    if (at !== oldSize) {
      this.#believedSize = at;
      return at;
    }
    // Witnesses of before the 422 said it so: they are at this size, with another root.
    if (at === head.size) throw new WitnessedFork(this.name, 'other_root', at, head.size);
    throw new WitnessAbsent('conflict', 'it refuses the size that it says it is at');
  }
}
