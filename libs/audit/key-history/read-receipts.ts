import type { LogFiles } from '../tiles/index.js';
import { keyReceiptPath, maxKeyEvents } from './places.js';

/** The receipts of the history of a log's keys, from the first to the newest that it publishes; nothing of them is verified. */
export const readKeyReceipts = async (files: LogFiles): Promise<Uint8Array[]> => {
  const receipts: Uint8Array[] = [];
  while (receipts.length < maxKeyEvents) {
    const receipt = await files.read(keyReceiptPath(receipts.length + 1));
    if (!receipt) return receipts;
    receipts.push(receipt);
  }
  return receipts;
};
