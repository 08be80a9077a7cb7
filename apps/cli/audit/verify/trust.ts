import { readFile } from 'node:fs/promises';

import type { FollowedReceipt, LogFiles, Trust, VerifierKey, WitnessPolicy } from '#audit';
import { Malformed, identityOf, parseTrustPolicy, parseVkeyFile } from '#audit';

import { UsageError } from '../../usage.js';
import { followKeys, ownKeys } from './key-history.js';

/** Whom a verification believes, and on whose word. */
export interface Trusted {
  trust: Trust;
  /** Whether the key was brought along; else it is the log's own word for itself. */
  pinned: boolean;
  /** The receipts of the history of keys that led to those that are believed. */
  keyReceipts: readonly FollowedReceipt[];
}

const textOf = async (what: string, path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${what} cannot be read: ${(error as Error).message}`);
  }
};

/** The keys of `--vkey`, each a vkey or the path of a file of them. Throws UsageError. */
const pinnedKeys = async (given: readonly string[]): Promise<VerifierKey[]> => {
  const isVkey = (text: string): boolean => /^[^+\s]+\+[0-9a-f]{8}\+\S+$/.test(text);
  const texts = await Promise.all(
    given.map(async (each) => (isVkey(each) ? each : await textOf('the file of --vkey', each))),
  );
  try {
    return parseVkeyFile(texts.join('\n'));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new UsageError(`--vkey: ${error.message}`);
  }
};

const policyOf = async (path: string): Promise<WitnessPolicy> => {
  const text = await textOf('the policy of --witnesses', path);
  try {
    const { witnesses, quorum } = parseTrustPolicy(text);
    return { witnesses: witnesses.map(({ key }) => key), quorum };
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new UsageError(`--witnesses: ${error.message}`);
  }
};

export interface TrustOptions {
  vkey: readonly string[];
  witnesses?: string | undefined;
}

/**
 * Whom to believe of the log in `files`: the keys of --vkey and those that the history leads to from them, else every one that the
 * log tells of itself. Throws UsageError, LogBroken or CouldNotTell.
 */
export const readTrust = async (
  { vkey, witnesses }: TrustOptions,
  files: LogFiles,
  where: string,
): Promise<Trusted> => {
  const pinned = vkey.length > 0;
  const policy = witnesses === undefined ? {} : { witnesses: await policyOf(witnesses) };
  const { trusted, receipts } = pinned ? await followKeys(await pinnedKeys(vkey), files) : await ownKeys(files, where);
  return { trust: { log: identityOf(trusted), ...policy }, pinned, keyReceipts: receipts };
};
