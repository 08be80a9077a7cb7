/** Trust policies, https://c2sp.org/tlog-policy: which logs and witnesses are believed, and who must have seen a checkpoint. */
import { Malformed } from '../errors.js';
import type { QuorumRule, VerifierKey } from '../notes/index.js';
import { nobody, parseVerifierKey } from '../notes/index.js';
import type { PolicyLine } from './lines.js';
import { mistake, policyLines } from './lines.js';
import type { PolicyLog, PolicyWitness, TrustPolicy } from './trust-policy.js';

const maxKeys = 64;
const noneName = 'none';

/** Type byte of https://c2sp.org/tlog-cosignature that we do not verify. */
const mlDsa44 = 0x06;

const keyOf = (vkey: string, line: number): VerifierKey => {
  const [, encoded = ''] = /^[^+]+\+[0-9a-f]{8}\+(.+)$/.exec(vkey) ?? [];
  if (Buffer.from(encoded, 'base64')[0] === mlDsa44) {
    throw mistake(line, 'ML-DSA-44 keys are not known here; ask the witness for its Ed25519 key');
  }
  try {
    return parseVerifierKey(vkey);
  } catch (error) {
    if (error instanceof Malformed) throw mistake(line, `the key is no vkey, \`NAME+ID+BASE64\`: ${error.message}`);
    throw error;
  }
};

/** Reads one file, line by line: a name means what stands above. */
class PolicyReader {
  readonly logs: PolicyLog[] = [];
  readonly witnesses: PolicyWitness[] = [];
  quorum: QuorumRule | undefined;
  readonly #named = new Map<string, QuorumRule>();
  readonly #members = new Set<string>();

  read({ line, items: [word = '', ...rest] }: PolicyLine): void {
    if (word === 'log') this.#log(line, rest);
    else if (word === 'witness') this.#witness(line, rest);
    else if (word === 'group') this.#group(line, rest);
    else if (word === 'quorum') this.#quorum(line, rest);
    else throw mistake(line, `there is no \`${word}\`; a line begins with log, witness, group, quorum or #`);
  }

  #log(line: number, [vkey, url, ...more]: readonly string[]): void {
    if (vkey === undefined || more.length > 0) throw mistake(line, 'write `log VKEY [URL]`');
    const key = keyOf(vkey, line);
    if (key.type === 'cosignature') throw mistake(line, 'this key is that of a witness; a log has one of type 1 or 2');
    this.#refuseDuplicate(line, key, this.logs);
    this.logs.push({ key, line, ...(url !== undefined && { url }) });
  }

  #witness(line: number, [name, vkey, url, ...more]: readonly string[]): void {
    if (name === undefined || vkey === undefined || more.length > 0) {
      throw mistake(line, 'write `witness NAME VKEY [URL]`');
    }
    const key = keyOf(vkey, line);
    if (key.type !== 'cosignature') throw mistake(line, 'this key is no witness key: that is a vkey of type 4');
    this.#refuseDuplicate(line, key, this.witnesses);
    const same = this.witnesses.find((other) => other.key.name === key.name);
    if (same) throw mistake(line, `the witness of line ${String(same.line)} has a key of the same name, ${key.name}`);
    this.#name(line, name, { witness: key });
    this.witnesses.push({ name, key, line, ...(url !== undefined && { url }) });
  }

  #group(line: number, [name, threshold, ...members]: readonly string[]): void {
    if (name === undefined || threshold === undefined || members.length === 0) {
      throw mistake(line, 'write `group NAME all|any|K NAME...`, with one name at least');
    }
    const of = members.map((member) => this.#member(line, member));
    this.#name(line, name, { least: leastOf(line, threshold, of.length), of });
  }

  #quorum(line: number, [name, ...more]: readonly string[]): void {
    if (name === undefined || more.length > 0) throw mistake(line, 'write `quorum NAME`, or `quorum none`');
    if (this.quorum) throw mistake(line, 'there is a quorum above; a policy has one');
    this.quorum = name === noneName ? nobody : this.#known(line, name);
  }

  #refuseDuplicate(line: number, key: VerifierKey, those: readonly (PolicyLog | PolicyWitness)[]): void {
    const twin = those.find((other) => other.key.publicKey.equals(key.publicKey));
    if (twin) throw mistake(line, `line ${String(twin.line)} has the same public key; each counts once, take one out`);
    if (those.length === maxKeys) throw mistake(line, `there are more than ${String(maxKeys)} of its kind`);
  }

  #name(line: number, name: string, rule: QuorumRule): void {
    if (name === noneName) throw mistake(line, '`none` is the name of no quorum; take another name');
    if (this.#named.has(name)) throw mistake(line, `there is a \`${name}\` above; take another name`);
    this.#named.set(name, rule);
  }

  #member(line: number, name: string): QuorumRule {
    const rule = this.#known(line, name);
    if (this.#members.has(name)) throw mistake(line, `\`${name}\` is in a group already; it may count once`);
    this.#members.add(name);
    return rule;
  }

  #known(line: number, name: string): QuorumRule {
    const rule = this.#named.get(name);
    if (!rule) throw mistake(line, `no witness or group \`${name}\` stands above this line`);
    return rule;
  }
}

const leastOf = (line: number, threshold: string, members: number): number => {
  if (threshold === 'any') return 1;
  if (threshold === 'all') return members;
  const least = /^[1-9][0-9]{0,2}$/.test(threshold) ? Number(threshold) : 0;
  if (least < 1 || least > members) {
    throw mistake(line, `\`${threshold}\` is not all, any or a number from 1 to ${String(members)}, its members`);
  }
  return least;
};

/**
 * The policy of a file in UTF-8. Throws Malformed, with the number of the line and what to write, for anything that the specification
 * does not allow, and for more than 64 logs or witnesses.
 */
export const parseTrustPolicy = (policy: Uint8Array | string): TrustPolicy => {
  const reader = new PolicyReader();
  const lines = policyLines(policy);
  for (const each of lines) reader.read(each);
  const { logs, witnesses, quorum } = reader;
  if (!quorum)
    throw mistake((lines.at(-1)?.line ?? 0) + 1, 'write `quorum NAME`, or `quorum none`: there is no quorum');
  return { logs, witnesses, quorum };
};
