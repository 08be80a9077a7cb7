import { formatVerifierKey, keyReceiptPath, parseKeyReceipt } from '#audit';
import type { ObjectStore } from '#object-store';

import type { KeyHistory } from './history.js';

/**
 * The keys (as vkeys) of whose introduction the store of the log holds a receipt. What a file says is held against the history, not verified:
 * whoever can write there could do more than this. Rejects as the store does, and with Malformed for a file that is no receipt.
 */
export const vouchedKeys = async (
  store: Pick<ObjectStore, 'read'>,
  { events }: KeyHistory,
  origin: string,
): Promise<string[]> => {
  const vouched: string[] = [];
  for (const { version, type } of events) {
    if (type !== 'AuditKeyIntroduced') continue;
    const receipt = await store.read(keyReceiptPath(version));
    if (!receipt) continue;
    const told = parseKeyReceipt(receipt, origin);
    if (told.version === version && told.change === 'introduced') vouched.push(formatVerifierKey(told.key));
  }
  return vouched;
};
