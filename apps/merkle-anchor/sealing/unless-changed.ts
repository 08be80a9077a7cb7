import { FileMissing, Malformed, RootMismatch, SignatureRefused } from '#audit';

import { SealingStopped } from '../stopped.js';

/** What is thrown by who reads files that are not those of the log. */
const signsOfChange = [FileMissing, Malformed, RootMismatch, SignatureRefused] as const;

/** The stop of a log whose files are not as they were written. */
export const fileChanged = (what: string, options?: ErrorOptions): SealingStopped =>
  new SealingStopped(
    'file_changed',
    `${what}: the store of the audit log is not as it was written. Nothing is sealed any more; see docs/operations/audit-log.md`,
    options,
  );

/**
 * Does what reads files of the log. Throws SealingStopped (file_changed) where one is missing or is none of the log's, which `signs` tell by the
 * class of the error; a store that is away is trouble that passes, and stops nothing.
 */
export const unlessChanged = async <T>(
  work: () => Promise<T>,
  signs: readonly (new (...given: never[]) => Error)[] = signsOfChange,
): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!signs.some((each) => error instanceof each)) throw error;
    throw fileChanged((error as Error).message, { cause: error });
  }
};
