/** What a verification has shown, and what it has not looked at. */
import type { Leaf, VerifiedLog } from '#audit';

import type { CheckedReceipt } from './receipts.js';
import type { Trusted } from './trust.js';

export interface LogReport extends VerifiedLog {
  /** The folder or the address. */
  source: string;
  /** Leaves that are the commitments to their events, and those whose events were not at hand; undefined where none was asked for. */
  events: { opened: number; closed: { count: number; first: Leaf | undefined } } | undefined;
}

export interface Report extends Trusted {
  log: LogReport | undefined;
  receipts: readonly CheckedReceipt[];
}

const isOwnWord =
  'the key: it is the one that the log (or the folder of the receipt) tells itself, and whoever rewrote all of it could have brought a key along. ' +
  'Get the vkey from somewhere else once, and give it in --vkey';

/** In words, for an auditor: what a good end does not say. */
export const notChecked = ({ pinned, trust, log, receipts, keyReceipts }: Report): string[] => {
  const missing: string[] = [];
  if (!pinned) missing.push(isOwnWord);
  if (!trust.witnesses) {
    missing.push(
      'witnesses: nobody else says that everyone is shown the same log. Name whom you believe in --witnesses',
    );
  }
  if (!trust.witnesses) missing.push(laterKeys(keyReceipts));
  if (!log) return [...missing, 'the log: a receipt shows that its event was sealed, and nothing of other events'];
  if (log.extended.length === 0 && receipts.length === 0) {
    missing.push(
      'the past: whether this is the log that was there before. Keep its checkpoint, and give it in --from next time',
    );
  }
  if (log.checkpoint.size === 0) missing.push('leaves: the log has none yet, so that nothing in it was looked at');
  if (!log.events)
    missing.push('events: leaves are commitments, and no event was held against them (--openings, --token-file)');
  else if (log.events.closed.count > 0) missing.push(closedLeaves(log.events.closed));
  return missing;
};

/** A retired key may be in other hands, and whoever has it leaves out where it was retired; witnesses would not sign along. */
const laterKeys = (keyReceipts: Trusted['keyReceipts']): string => {
  const last = keyReceipts.at(-1);
  const served = last
    ? `the history that was served ends at ${last.path} (leaf ${String(last.index)})`
    : 'no history of them was served';
  return `keys: ${served}; a key that was retired later is not known. Compare vkey with somebody else's, or name whom you believe in --witnesses`;
};

const closedLeaves = ({ count, first }: { count: number; first: Leaf | undefined }): string => {
  const { index = 0, entry } = first ?? {};
  const place = `leaf ${String(index)}, position ${String(entry?.position)} of shard ${String(entry?.shard)}`;
  const what = count === 1 ? '1 event, which was' : `${String(count)} events, which were`;
  return `${what} not at hand (the first: ${place}). With --all-events that is a finding`;
};
