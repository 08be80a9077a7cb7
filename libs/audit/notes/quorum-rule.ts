import type { VerifierKey } from './verifier-key.js';

/** Who must have seen a checkpoint, https://c2sp.org/tlog-policy: one witness, or at least so many members of a group. */
export type QuorumRule = { witness: VerifierKey } | { least: number; of: readonly QuorumRule[] };

/** The rule of `quorum none`: nobody has to have seen anything. */
export const nobody: QuorumRule = { least: 0, of: [] };

/** How many more witnesses would have to cosign, in the best case. 0: the rule is met. Each witness stands in it once. */
export const missingWitnesses = (rule: QuorumRule, cosigned: ReadonlySet<VerifierKey>): number => {
  if ('witness' in rule) return cosigned.has(rule.witness) ? 0 : 1;
  const each = rule.of.map((member) => missingWitnesses(member, cosigned));
  return each
    .sort((a, b) => a - b)
    .slice(0, rule.least)
    .reduce((sum, missing) => sum + missing, 0);
};

/** The witnesses that a rule names. */
export const witnessesOf = (rule: QuorumRule): VerifierKey[] =>
  'witness' in rule ? [rule.witness] : rule.of.flatMap(witnessesOf);
