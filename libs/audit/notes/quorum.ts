import { Malformed, QuorumMissing } from '../errors.js';
import { parseTimestamped } from './cosignature.js';
import type { Note } from './note.js';
import type { QuorumRule } from './quorum-rule.js';
import { missingWitnesses, witnessesOf } from './quorum-rule.js';
import { verifiedSignatures } from './verify-note.js';
import type { VerifierKey } from './verifier-key.js';

/** Which witnesses are believed, and how many of them must have seen a checkpoint. */
export interface WitnessPolicy {
  /** Keys of type `cosignature`, each of another name and another public key. */
  witnesses: readonly VerifierKey[];
  /** 0 to the number of witnesses: so many of them, whichever. Or a rule over them. */
  quorum: number | QuorumRule;
}

/** A witness has seen this checkpoint. */
export interface Cosignature {
  witness: string;
  /** POSIX seconds, as the witness says. */
  timestamp: bigint;
}

const requirePolicy = ({ witnesses, quorum }: WitnessPolicy): void => {
  if (witnesses.some(({ type }) => type !== 'cosignature'))
    throw new Malformed('witness policy', 'a key is no witness');
  const names = new Set(witnesses.map(({ name }) => name));
  // What is signed does not name the witness: under two names, one key would count twice.
  const repeated = witnesses.some(({ publicKey }, at) =>
    witnesses.slice(0, at).some((other) => other.publicKey.equals(publicKey)),
  );
  if (repeated || names.size !== witnesses.length) throw new Malformed('witness policy', 'a witness is named twice');
  if (typeof quorum === 'number') {
    if (!Number.isInteger(quorum) || quorum < 0 || quorum > witnesses.length) {
      throw new Malformed('witness policy', `its quorum is not 0 to ${String(witnesses.length)}`);
    }
  } else if (witnessesOf(quorum).some((witness) => !witnesses.includes(witness))) {
    throw new Malformed('witness policy', 'its quorum names a witness that is not listed');
  }
};

const ruleOf = ({ witnesses, quorum }: WitnessPolicy): QuorumRule =>
  typeof quorum === 'number' ? { least: quorum, of: witnesses.map((witness) => ({ witness })) } : quorum;

/**
 * The cosignatures of the policy's witnesses on the note of a checkpoint, each witness once. Throws QuorumMissing when there are too
 * few, SignatureRefused when one is wrong, Malformed for a policy that cannot be.
 */
export const requireQuorum = (note: Note, policy: WitnessPolicy): Cosignature[] => {
  requirePolicy(policy);
  const verified = verifiedSignatures(note, policy.witnesses);
  const missing = missingWitnesses(ruleOf(policy), new Set(verified.map(({ key }) => key)));
  if (missing > 0) {
    throw new QuorumMissing(
      verified.map(({ name }) => name),
      verified.length + missing,
    );
  }
  return verified.map(({ name, signature }) => ({ witness: name, timestamp: parseTimestamped(signature).timestamp }));
};
