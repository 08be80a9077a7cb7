import { readFile } from 'node:fs/promises';

import type { PolicyWitness, TrustPolicy } from '#audit';
import { Malformed, isTrustworthy, missingWitnesses, parseTrustPolicy } from '#audit';
import { ConfigurationError } from '#platform/configuration';

import type { Witnesses } from '../ports.js';
import type { WitnessObserver } from './observer.js';
import { PolicyWitnesses } from './policy-witnesses.js';
import { Witness } from './witness.js';

/** A witness on another continent answers within a second; two requests have room. */
const timeoutMs = 3_000;
const withinMs = 8_000;
const graceMs = 250;

export interface OpenWitnessesOptions {
  /** File of the policy, https://c2sp.org/tlog-policy. Undefined: nobody has to have seen a checkpoint. */
  policyFile: string | undefined;
  /** Of our log. */
  origin: string;
  observer: WitnessObserver;
  /** Shorter waits, for tests. */
  waits?: { timeoutMs: number; withinMs: number; graceMs: number };
}

export interface OpenedWitnesses extends Witnesses {
  close(): void;
}

/** The witnesses of AUDIT_WITNESSES. Throws ConfigurationError, with the line of the file and what to write there. */
export const openWitnesses = async (options: OpenWitnessesOptions): Promise<OpenedWitnesses> => {
  const { policyFile, origin, observer, waits = { timeoutMs, withinMs, graceMs } } = options;
  if (policyFile === undefined) return { cosign: (note) => Promise.resolve(note), close: () => undefined };
  const policy = await readPolicy(policyFile);
  const wrong = mistakeIn(policy, origin);
  if (wrong !== undefined) throw new ConfigurationError(`AUDIT_WITNESSES: ${policyFile}: ${wrong}`);
  const witnesses = policy.witnesses.flatMap(({ name, key, url }) =>
    url === undefined ? [] : [new Witness({ name, key, url, timeoutMs: waits.timeoutMs })],
  );
  return new PolicyWitnesses({ witnesses, quorum: policy.quorum, observer, ...waits });
};

const readPolicy = async (file: string): Promise<TrustPolicy> => {
  try {
    return parseTrustPolicy(await readFile(file));
  } catch (error) {
    if (error instanceof Malformed) throw new ConfigurationError(`AUDIT_WITNESSES: ${file}: ${error.message}`);
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new ConfigurationError(`AUDIT_WITNESSES: ${file} cannot be read (${code}): it is the path of a policy file`);
  }
};

/** What a log needs of a policy beyond what those need who only verify. */
const mistakeIn = ({ logs, witnesses, quorum }: TrustPolicy, origin: string): string | undefined => {
  const [log] = logs;
  if (log && !logs.some(({ key }) => key.name === origin)) {
    return `line ${String(log.line)}: no log of the policy is ${origin} (AUDIT_ORIGIN); add its vkey, or leave logs out`;
  }
  for (const { line, url } of witnesses) {
    const wrong = url === undefined ? undefined : mistakeInUrl(url);
    if (wrong !== undefined) return `line ${String(line)}: ${wrong}`;
  }
  const reachable = new Set(witnesses.filter(({ url }) => url !== undefined).map(({ key }) => key));
  if (missingWitnesses(quorum, reachable) === 0) return undefined;
  const line = witnesses.find(hasNoUrl)?.line;
  return `line ${String(line)}: the quorum needs witnesses that have no URL here; write \`witness NAME VKEY URL\``;
};

const hasNoUrl = ({ url }: PolicyWitness): boolean => url === undefined;

const mistakeInUrl = (text: string): string | undefined => {
  const url = URL.parse(text);
  if (!url || !['https:', 'http:'].includes(url.protocol)) return 'the URL is not https://HOST/PREFIX';
  if (!isTrustworthy(url)) return 'the URL must be https, except for this machine';
  if (url.username || url.password) return 'the URL must hold no login: witnesses ask for none';
  if (url.search || url.hash) return 'the URL is a prefix and has neither ? nor #';
  return undefined;
};
