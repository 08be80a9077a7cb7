import type { QuorumRule, VerifierKey } from '../notes/index.js';

/** A log whose checkpoints are accepted. */
export interface PolicyLog {
  key: VerifierKey;
  url?: string;
  /** Of the file, from 1. */
  line: number;
}

export interface PolicyWitness {
  /** What the file calls it; its key has a name of its own. */
  name: string;
  /** Of type `cosignature`. */
  key: VerifierKey;
  /** Submission prefix of https://c2sp.org/tlog-witness; those who only verify need none. Nothing is known of its form. */
  url?: string;
  /** Of the file, from 1. */
  line: number;
}

/** What a file in the form of https://c2sp.org/tlog-policy says. */
export interface TrustPolicy {
  /** Empty: the log is known from elsewhere. */
  logs: readonly PolicyLog[];
  witnesses: readonly PolicyWitness[];
  quorum: QuorumRule;
}
