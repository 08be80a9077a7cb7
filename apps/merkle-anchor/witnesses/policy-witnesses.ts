import { setTimeout as sleep } from 'node:timers/promises';

import type { NoteSignature, QuorumRule, TreeHead } from '#audit';
import { formatNote, missingWitnesses, parseNote } from '#audit';

import type { ConsistencyFrom, Witnesses } from '../ports.js';
import { WitnessAbsent, WitnessedFork, WitnessesMissing } from './errors.js';
import type { WitnessObserver } from './observer.js';
import type { Witness } from './witness.js';

export interface PolicyWitnessesOptions {
  witnesses: readonly Witness[];
  quorum: QuorumRule;
  observer: WitnessObserver;
  /** How long the quorum is waited for. */
  withinMs: number;
  /** How long those are waited for that the quorum does not need any more. */
  graceMs: number;
}

interface Request {
  note: string;
  head: TreeHead;
  consistencyFrom: ConsistencyFrom;
}

/**
 * The witnesses of a policy. All are asked at once, each for one checkpoint at a time. One that answers late is not waited for, but what it says is
 * heard: that it has seen another tree ends the next `cosign`. A larger tree that ours has reached by then may be ours, as another anchor has shown it
 * meanwhile: the witness is asked again then, and says.
 */
export class PolicyWitnesses implements Witnesses {
  readonly #options: PolicyWitnessesOptions;
  readonly #closing = new AbortController();
  /** What each witness is busy with. Never rejects. */
  readonly #busy = new Map<Witness, Promise<void>>();
  #lateFork: WitnessedFork | undefined;

  constructor(options: PolicyWitnessesOptions) {
    this.#options = options;
  }

  async cosign(note: string, head: TreeHead, consistencyFrom: ConsistencyFrom): Promise<string> {
    const late = this.#lateFork;
    this.#lateFork = undefined;
    if (late && !(late.kind === 'ahead' && late.theirs <= head.size)) {
      if (late.kind === 'ahead') this.#options.observer.forked(late.witness, late);
      throw late;
    }
    const { witnesses, quorum, withinMs, graceMs } = this.#options;
    const round = new Round(witnesses, quorum);
    const over = new AbortController();
    for (const witness of witnesses) void this.#ask(witness, { note, head, consistencyFrom }, round);
    try {
      await Promise.race([round.decided, sleep(withinMs, undefined, { signal: over.signal })]);
      if (round.isMet) await Promise.race([round.ended, sleep(graceMs, undefined, { signal: over.signal })]);
    } finally {
      over.abort();
    }
    return round.result(note);
  }

  /** Ends what is under way. */
  close(): void {
    this.#closing.abort();
  }

  async #ask(witness: Witness, request: Request, round: Round): Promise<void> {
    const before = this.#busy.get(witness);
    const asked = (async () => {
      await before;
      // The next checkpoint covers what this one would have.
      if (round.isOver) return;
      await this.#cosignature(witness, request, round);
    })();
    this.#busy.set(witness, asked);
    await asked;
  }

  async #cosignature(witness: Witness, { note, head, consistencyFrom }: Request, round: Round): Promise<void> {
    const { observer } = this.#options;
    try {
      const signature = await witness.cosign(note, head, consistencyFrom, this.#closing.signal);
      observer.cosigned(witness.name, head.size);
      round.cosigned(witness, signature);
    } catch (error) {
      if (error instanceof WitnessAbsent) {
        observer.absent(witness.name, error);
        round.absent(witness, error);
        return;
      }
      if (error instanceof WitnessedFork) {
        if (round.isOver) this.#lateFork = error;
        if (!round.isOver || error.kind === 'other_root') observer.forked(witness.name, error);
      }
      round.failed(error);
    }
  }
}

/** What became of one checkpoint. */
class Round {
  readonly #cosigned = new Map<Witness, NoteSignature>();
  readonly #absent = new Map<Witness, WitnessAbsent>();
  readonly #decided = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  isOver = false;

  constructor(
    private readonly witnesses: readonly Witness[],
    private readonly quorum: QuorumRule,
  ) {
    this.#ended.promise.catch(() => undefined);
    this.#decided.promise.catch(() => undefined);
    this.#look();
  }

  /** Resolves once the quorum is there, or every witness has spoken; rejects with the first failure. */
  get decided(): Promise<void> {
    return this.#decided.promise;
  }

  /** Resolves once every witness has spoken; rejects with the first failure. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  get isMet(): boolean {
    return this.#missing() === 0;
  }

  cosigned(witness: Witness, signature: NoteSignature): void {
    this.#cosigned.set(witness, signature);
    this.#look();
  }

  absent(witness: Witness, error: WitnessAbsent): void {
    this.#absent.set(witness, error);
    this.#look();
  }

  failed(error: unknown): void {
    this.#decided.reject(error);
    this.#ended.reject(error);
  }

  /** The note with the cosignatures that have come, in the order of the policy. Throws WitnessesMissing. */
  result(note: string): string {
    this.isOver = true;
    const those = this.witnesses.filter((witness) => this.#cosigned.has(witness));
    if (!this.isMet) {
      const names = those.map(({ name }) => name);
      throw new WitnessesMissing(names, names.length + this.#missing(), this.#reasons());
    }
    const { text, signatures } = parseNote(note);
    const added = those.flatMap((witness) => this.#cosigned.get(witness) ?? []);
    return formatNote({ text, signatures: [...signatures, ...added] });
  }

  #missing(): number {
    return missingWitnesses(this.quorum, new Set([...this.#cosigned.keys()].map(({ key }) => key)));
  }

  #look(): void {
    const all = this.#cosigned.size + this.#absent.size === this.witnesses.length;
    if (all) this.#ended.resolve();
    if (all || this.isMet) this.#decided.resolve();
  }

  #reasons(): Map<string, string> {
    const absent = this.witnesses.filter((witness) => !this.#cosigned.has(witness));
    return new Map(absent.map((each) => [each.name, this.#absent.get(each)?.message ?? 'no answer in time']));
  }
}
