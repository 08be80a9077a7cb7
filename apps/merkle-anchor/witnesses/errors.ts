import { QuorumMissing } from '#audit';

/**
 * Raised when a witness has seen another tree under this log's key: it knows a larger one than ours, or another root of a size that ours has
 * too. Either somebody made a second tree with our key, or this is not the newest copy of the log, or the witness is wrong: only a person can
 * tell which. Nothing may be signed until then.
 */
export class WitnessedFork extends Error {
  readonly code = 'witnessed_fork';
  /** `witness`: what the policy calls it. `theirs`, `ours`: sizes of the trees. */
  constructor(
    readonly witness: string,
    readonly kind: 'ahead' | 'other_root',
    readonly theirs: number,
    readonly ours: number,
  ) {
    const what =
      kind === 'ahead'
        ? `has cosigned a tree of ${String(theirs)} leaves of this log, which has ${String(ours)} here`
        : `has cosigned a tree of ${String(theirs)} leaves that ours of ${String(ours)} does not extend`;
    super(
      `the witness ${witness} ${what}: sign nothing, find out who signed the other tree (docs/operations/audit-log.md)`,
    );
    this.name = 'WitnessedFork';
  }
}

/** Why a witness did not cosign: a word for metrics. */
export type AbsenceReason = 'unreachable' | 'timeout' | 'refused' | 'failing' | 'malformed' | 'conflict';

/** Raised when a witness did not cosign for a reason that says nothing about the log. It is asked again with the next checkpoint. */
export class WitnessAbsent extends Error {
  readonly code = 'witness_absent';
  constructor(
    readonly reason: AbsenceReason,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(detail, options);
    this.name = 'WitnessAbsent';
  }
}

/** Raised when the quorum was not reached in time. Who was absent, and why, stands in the message. */
export class WitnessesMissing extends QuorumMissing {
  constructor(
    cosigned: readonly string[],
    needed: number,
    readonly absent: ReadonlyMap<string, string>,
  ) {
    super(cosigned, needed);
    const each = [...absent].map(([witness, reason]) => `${witness}: ${reason}`);
    this.message += `; ${each.join('; ')}`;
  }
}
