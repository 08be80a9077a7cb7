import { FileMissing, Malformed, ProofRefused } from '#audit';
import type { LogFiles } from '#audit';

import type { OnEvents } from './archive.js';
import { checkLeaf, CopyDiffers } from './archive.js';
import type { CopyParts } from './check-copy.js';
import { checkCopy } from './check-copy.js';
import { SealedLeaves } from './sealed-leaves.js';
import type { ArchivedMonth, Run } from './shelf.js';

/**
 * Verifies a copy of years ago as it lies there, whether or not the database still has its events: manifest and files as `checkCopy` does, and every row
 * against its leaf of the audit log, under the checkpoint of the manifest. `files`: what the audit log has published. Calls `onEvents` with each event
 * once. Throws CopyDiffers, and what the stores throw.
 */
export const verifyArchived = async (
  from: CopyParts & { files: LogFiles },
  archived: ArchivedMonth,
  runs: readonly Run[],
  onEvents: OnEvents,
): Promise<void> => {
  let leaves: SealedLeaves | undefined;
  await checkCopy(from, archived, runs, async (events, { checkpoint }) => {
    leaves ??= await SealedLeaves.open(from.files, from.identity, checkpoint);
    for (const event of events) {
      try {
        if (leaves) await checkLeaf(leaves, archived, event);
      } catch (error) {
        if (!isOfTheLog(error)) throw error;
        throw new CopyDiffers(archived, `position ${event.position} is under no leaf of the log: ${error.message}`);
      }
    }
    onEvents(events.length);
  });
};

/** What the log's own files, or an index that it does not have, make of a proof; not that they cannot be read at the moment. */
const isOfTheLog = (error: unknown): error is Error =>
  [FileMissing, Malformed, ProofRefused, RangeError].some((kind) => error instanceof kind);
