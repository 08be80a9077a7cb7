import { KeyHistoryRefused, Malformed } from '../errors.js';
import type { LogIdentity, VerifierKey } from '../notes/index.js';
import { parseVkeyFile, vkeyPath } from '../notes/index.js';
import type { LogFiles } from '../tiles/index.js';
import type { FollowedHistory } from './follow.js';
import { followHistory, identityOf } from './follow.js';
import { parseKeyReceipt } from './key-receipt.js';
import { readKeyReceipts } from './read-receipts.js';

/**
 * The history of the keys of the log in `files`, by its own word: every key that its history has had from the first one on, so that checkpoints of
 * a key that was retired since stay good; while no receipt of the history is published, the keys of its file `vkey`. Whoever could have
 * rewritten the whole log could have brought other keys along: pin a key to know better. undefined where the log names no key. Throws
 * Malformed for another `vkey` than it should be, and KeyHistoryRefused.
 */
export const historyOfLog = async (files: LogFiles): Promise<FollowedHistory | undefined> => {
  const bytes = await files.read(vkeyPath);
  if (!bytes) return undefined;
  const keys = parseVkeyFile(Buffer.from(bytes).toString());
  const receipts = await readKeyReceipts(files);
  const [first] = receipts;
  return followHistory(first ? [keyIn(first, keys)] : keys, receipts);
};

/** Whose checkpoints are of the log in `files`, by its own word. Gives and throws as `historyOfLog`. */
export const keysOfLog = async (files: LogFiles): Promise<LogIdentity | undefined> => {
  const history = await historyOfLog(files);
  return history && identityOf(history.trusted);
};

const keyIn = (receipt: Uint8Array, [named]: readonly VerifierKey[]): VerifierKey => {
  try {
    return parseKeyReceipt(receipt, named?.name ?? '').key;
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new KeyHistoryRefused(`its first receipt: ${error.message}`, { cause: error });
  }
};
