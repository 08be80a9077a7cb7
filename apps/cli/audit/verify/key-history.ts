import type { FollowedHistory, LogFiles, VerifierKey } from '#audit';
import {
  KeyHistoryRefused,
  LogBroken,
  Malformed,
  followHistory,
  historyOfLog,
  keyReceiptPrefix,
  readKeyReceipts,
  vkeyPath,
} from '#audit';

import { CouldNotTell } from './outcome.js';

const orBroken = (error: unknown): never => {
  const isHistory = error instanceof KeyHistoryRefused;
  if (!isHistory && !(error instanceof Malformed)) throw error;
  const path = isHistory ? keyReceiptPrefix : vkeyPath;
  throw new LogBroken({ kind: 'key_history', message: error.message, path }, { cause: error });
};

/** The keys that are trusted, and those that the log's history leads to from them. Throws LogBroken. */
export const followKeys = async (trusted: readonly VerifierKey[], files: LogFiles): Promise<FollowedHistory> => {
  const receipts = await readKeyReceipts(files);
  try {
    return followHistory(trusted, receipts);
  } catch (error) {
    return orBroken(error);
  }
};

/** The history of the keys of the log in `files`, as it tells of itself. `where` names it to a person. Throws LogBroken, CouldNotTell. */
export const ownKeys = async (files: LogFiles, where: string): Promise<FollowedHistory> => {
  const history = await historyOfLog(files).catch(orBroken);
  if (history) return history;
  throw new CouldNotTell(`there is no file ${vkeyPath} in ${where}: give the key of the log in --vkey`);
};
