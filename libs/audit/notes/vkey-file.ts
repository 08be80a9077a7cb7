import { Malformed } from '../errors.js';
import type { VerifierKey } from './verifier-key.js';
import { formatVerifierKey, parseVerifierKey } from './verifier-key.js';

/** The file beside the checkpoint in which a log tells the keys that sign it. Whoever believes it believes the log itself. */
export const vkeyPath = 'vkey';

const maxKeys = 1_000;

/** One vkey a line, in the order of `keys`: the newest first. */
export const formatVkeyFile = (keys: readonly VerifierKey[]): string =>
  keys.map((key) => `${formatVerifierKey(key)}\n`).join('');

/**
 * The keys in such a file, one at least, all of one log; blank lines do not count. Throws Malformed: also for none, for more than 1,000, and
 * for the key of a witness.
 */
export const parseVkeyFile = (text: string): VerifierKey[] => {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length === 0) throw new Malformed(vkeyPath, 'it names no key');
  if (lines.length > maxKeys) throw new Malformed(vkeyPath, `there are more than ${String(maxKeys)}`);
  const keys = lines.map(parseVerifierKey);
  if (keys.some(({ type }) => type === 'cosignature')) throw new Malformed(vkeyPath, 'it is the key of a witness');
  if (new Set(keys.map(({ name }) => name)).size > 1) throw new Malformed(vkeyPath, 'there are keys of several logs');
  return keys;
};
