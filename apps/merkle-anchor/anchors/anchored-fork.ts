/**
 * Raised when an anchor keeps a checkpoint of this size with another root, or one of another log. Somebody signed two trees, or something wrote to the anchor that is not
 * this log: nothing may be signed until a person knows which.
 */
export class AnchoredFork extends Error {
  readonly code = 'anchored_fork';
  /** `where`: the anchor, and the file in it. `size`: leaves of both trees. `otherLog`: of which log that checkpoint is, where it is not of ours. */
  constructor(
    readonly where: string,
    readonly size: number,
    otherLog?: string,
  ) {
    super(
      otherLog === undefined
        ? `${where} keeps another root for ${String(size)} leaves: sign nothing, find out who signed it (docs/operations/audit-log.md)`
        : `${where} is a checkpoint of another log, ${otherLog}: give each log anchors of its own (AUDIT_ANCHORS)`,
    );
    this.name = 'AnchoredFork';
  }
}
