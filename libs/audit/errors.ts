/** Raised for bytes or text that are not in the form their specification demands. Nothing of them may be used. */
export class Malformed extends Error {
  readonly code = 'audit_malformed';
  /** `what`: the thing that was read, such as `checkpoint` or `tile/0/000`. */
  constructor(
    readonly what: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`malformed ${what}: ${reason}`, options);
    this.name = 'Malformed';
  }
}

/** Raised when a proof does not lead to the root it is held against: it was changed, or belongs to another tree, leaf or size. */
export class ProofRefused extends Error {
  readonly code = 'proof_refused';
  constructor(reason: string) {
    super(`the proof does not hold: ${reason}`);
    this.name = 'ProofRefused';
  }
}

/** Raised when no trusted key signed a note, or when the signature of a trusted key is wrong. Its text must not be used. */
export class SignatureRefused extends Error {
  readonly code = 'signature_refused';
  constructor(reason: string) {
    super(reason);
    this.name = 'SignatureRefused';
  }
}

/** Raised when fewer witnesses cosigned a checkpoint than the policy asks for. The log itself may be sound: ask again later. */
export class QuorumMissing extends Error {
  readonly code = 'quorum_missing';
  constructor(
    readonly cosigned: readonly string[],
    readonly needed: number,
  ) {
    super(
      `${String(cosigned.length)} of the ${String(needed)} needed witnesses cosigned (${cosigned.join(', ') || 'none'})`,
    );
    this.name = 'QuorumMissing';
  }
}

/** Raised when a log that should publish a file does not. */
export class FileMissing extends Error {
  readonly code = 'audit_file_missing';
  constructor(readonly path: string) {
    super(`${path} is not published; a log of this size must have it`);
    this.name = 'FileMissing';
  }
}

/** Raised when the tiles along the right edge of a log are not those of the root they should make. Nothing may be appended. */
export class RootMismatch extends Error {
  readonly code = 'root_mismatch';
  constructor(size: number) {
    super(`the tiles of ${String(size)} leaves do not make the expected root; do not append, compare them with a copy`);
    this.name = 'RootMismatch';
  }
}

/** Raised when receipts do not lead from the keys that are trusted to newer ones. None of them is trusted for it. */
export class KeyHistoryRefused extends Error {
  readonly code = 'key_history_refused';
  constructor(reason: string, options?: ErrorOptions) {
    super(`the history of the log's keys does not hold: ${reason}`, options);
    this.name = 'KeyHistoryRefused';
  }
}
