import type { NoteSigner, TreeHead } from '#audit';

/** Who signs checkpoints now: one key, or two and more while one takes over from another. */
export interface LogSigners {
  /** The newest key first. Rejects with a reason for the operator when there is none: then nothing is signed. */
  current(): Promise<readonly NoteSigner[]>;
}

/** Shows that a tree extends an older one. */
export type ConsistencyFrom = (oldSize: number) => Promise<readonly Uint8Array[]>;

/** Who must have seen a checkpoint before it is published. */
export interface Witnesses {
  /**
   * The note with the cosignatures of as many witnesses as the policy asks for; without a policy the note itself. Rejects with QuorumMissing
   * while too few can be reached (bounded in time; ask again), and with WitnessedFork when one of them has seen another tree.
   */
  cosign(note: string, head: TreeHead, consistencyFrom: ConsistencyFrom): Promise<string>;
}

/** A place outside the database that keeps signed checkpoints, and that this service cannot make forget. */
export interface CheckpointAnchor {
  /** Names it to an operator, and in metrics. */
  readonly name: string;
  /** The newest checkpoint that it keeps, as a note; undefined while it keeps none. Rejects when it cannot tell. */
  newest(): Promise<string | undefined>;
  /** Keeps a checkpoint: durable once it resolves. The same again changes nothing. Rejects with AnchoredFork when it keeps another root of that size. */
  keep(head: TreeHead, note: string): Promise<void>;
}

/** An anchor that can be asked for each of its checkpoints, and knows whom to tell that one is lost. */
export interface LastingAnchor extends CheckpointAnchor {
  /** Looks for the checkpoint of `size` leaves, which it kept, and tells where it is no longer there. Rejects when it cannot tell. */
  lookFor(size: number): Promise<void>;
}

/** Keeps the receipts by which an outsider follows from one key of the log to the next. */
export interface KeyReceipts {
  /** Is told of each published checkpoint, also of one that it was told of before a crash. Does again what was cut short. */
  published(head: TreeHead, note: string): Promise<void>;
}
