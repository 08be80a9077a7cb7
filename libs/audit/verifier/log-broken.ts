/** What is wrong with a log: each word is one kind of finding, and stable. */
export type FindingKind =
  /** There is no checkpoint, it is malformed, of another log, or not signed by the log. */
  | 'checkpoint'
  /** Too few witnesses have seen it, or a cosignature is wrong. */
  | 'witnesses'
  /** The older checkpoint that was brought along is malformed, of another log, or not signed by the log. */
  | 'older_checkpoint'
  /** The log has fewer leaves than it once signed for. */
  | 'rolled_back'
  /** The log signed two trees of which neither extends the other. With both checkpoints, anyone can be shown it. */
  | 'forked'
  /** A file that must be there is not, or has another form or length. */
  | 'file'
  /** An entry and the hash of its leaf disagree. */
  | 'leaf'
  /** A tile and the tile above it disagree. */
  | 'tile'
  /** Entries and tiles agree with each other, and make another root than the one that was signed. */
  | 'root'
  /** A leaf is not an entry in its canonical form. */
  | 'entry'
  /** A position of a shard is left out. */
  | 'omitted'
  /** A position of a shard comes a second time, or after a later one. */
  | 'repeated'
  /** A leaf is not the commitment to its event. */
  | 'event'
  /** A leaf whose event was to be there has none. */
  | 'event_missing'
  /** The history of the log's keys does not lead from the key that is trusted to the one that signs. */
  | 'key_history'
  /** A receipt does not show what it says. */
  | 'receipt';

export interface Finding {
  kind: FindingKind;
  /** What happened, with paths and numbers; nothing of any event. */
  message: string;
  /** The file of tlog-tiles it was found in. */
  path?: string;
  /** The first leaf that it concerns, 0-based; leaves before it are sound. */
  index?: number;
  shard?: number;
  /** The first bad position of that shard. */
  position?: number;
}

/** Raised by the verifier at the first thing that is wrong, in the order of leaves. Nothing of the log should be relied on. */
export class LogBroken extends Error {
  readonly code = 'log_broken';
  constructor(
    readonly finding: Finding,
    options?: ErrorOptions,
  ) {
    super(finding.message, options);
    this.name = 'LogBroken';
  }
}
