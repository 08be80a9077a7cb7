import { dirname } from 'node:path';

import type { LeafOpenings, LogFiles, SignedCheckpoint } from '#audit';
import { Malformed, OpenedLeaves, checkpointPath, formatNote, parseCheckpoint, parseNote, verifyLog } from '#audit';

import { UsageError } from '../../usage.js';
import { misfit } from './event-form.js';
import { CouldNotTell } from './outcome.js';
import type { CheckedReceipt } from './receipts.js';
import { checkReceipt } from './receipts.js';
import type { LogReport, Report } from './report.js';
import { logInFolder, readBounded } from './sources/log-sources.js';
import type { Trusted } from './trust.js';
import { readTrust } from './trust.js';

/** A log that is to be verified. */
export interface LogToVerify {
  files: LogFiles;
  /** Names it to a person. */
  source: string;
  /** Whether it is a copy, which may be older than what the service publishes. */
  isCopy: boolean;
  /** Where its events are, as far as they are at hand. */
  openings: LeafOpenings | undefined;
}

export interface Verification {
  log: LogToVerify | undefined;
  /** Files. */
  receipts: readonly string[];
  /** Files with checkpoints that were kept. */
  from: readonly string[];
  vkey: readonly string[];
  witnesses?: string | undefined;
  /** Whether a leaf whose event is not at hand is a finding. */
  allEvents: boolean;
  onProgress: (verified: number, size: number) => void;
}

const maxCheckpointBytes = 1_000_000;

const keptIn = async (path: string): Promise<Uint8Array> => {
  const bytes = await readBounded(path, maxCheckpointBytes);
  if (!bytes) throw new UsageError(`there is no checkpoint ${path}, which --from names`);
  return bytes;
};

/** Verifies a log, receipts, or both: then the log must also extend what each receipt was given under, and in any case what the receipts of its keys were. Throws LogBroken, CouldNotTell, UsageError. */
export const verify = async (verification: Verification): Promise<Report> => {
  const { log, receipts: paths } = verification;
  const [firstReceipt = '.'] = paths;
  const folder = dirname(firstReceipt);
  const trusted = await readTrust(verification, log?.files ?? logInFolder(folder), log?.source ?? folder);
  const receipts: CheckedReceipt[] = [];
  for (const path of paths) receipts.push(await checkReceipt(path, trusted.trust));
  return { ...trusted, receipts, log: log && (await verifiedLog(log, verification, trusted, receipts)) };
};

const verifiedLog = async (
  { files, source, openings, isCopy }: LogToVerify,
  { from, allEvents, onProgress }: Verification,
  { trust, keyReceipts }: Trusted,
  receipts: readonly CheckedReceipt[],
): Promise<LogReport> => {
  const kept = await Promise.all(from.map(keptIn));
  const size = isCopy ? await sizeOf(files) : Infinity;
  const keysByReceipt = keyReceipts.map(({ path, ...receipt }) => ({ ...receipt, file: path }));
  const shown = [...receipts, ...keysByReceipt];
  const isNewer = ({ checkpoint }: { checkpoint: SignedCheckpoint }): boolean => checkpoint.size > size;
  const newer = shown.filter(isNewer);
  const underReceipts = receipts
    .filter((receipt) => !isNewer(receipt))
    .map(({ checkpoint }) => formatNote(checkpoint.note));
  const opened = openings && new OpenedLeaves(openings, { all: allEvents, read: misfit });
  const verified = await verifyLog(files, {
    trust,
    from: [...kept, ...underReceipts],
    own: keysByReceipt.filter((receipt) => !isNewer(receipt)).map(({ checkpoint }) => checkpoint),
    shown,
    onProgress,
    ...(opened && { examine: opened.examine }),
  });
  for (const { file, checkpoint } of newer)
    throw new CouldNotTell(
      `${source} is older than the receipt ${file}: a copy of ${String(size)} leaves, and the receipt is of a log of ${String(checkpoint.size)}. ` +
        'All else is good. Bring the copy up to date, or verify the log where it is published (--url): a log that has fewer leaves there was rolled back',
    );
  return { ...verified, source, events: opened && { opened: opened.opened, closed: opened.closed } };
};

/** The leaves that the log in `files` says it has. What says nothing is told by who verifies it. */
const sizeOf = async (files: LogFiles): Promise<number> => {
  try {
    const bytes = await files.read(checkpointPath);
    return bytes ? parseCheckpoint(parseNote(bytes).text).size : Infinity;
  } catch (error) {
    if (error instanceof Malformed) return Infinity;
    throw error;
  }
};
