import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { verify } from '../audit/verify/run.js';
import type { DemoClient } from './client.js';

/** Names the receipt's file, in the data directory. */
const receiptName = 'refund.tlog-proof';
const vkeyName = 'audit.vkey';

/**
 * Fetches the receipt of an event and the key of the log, writes both into `folder`, and verifies the receipt with nothing but these two files:
 * `billing audit verify --receipt`. Rejects where it is not good.
 */
export const proveOffline = async (
  client: DemoClient,
  eventId: string,
  folder: string,
  step: (title: string, outcome: string) => void,
): Promise<void> => {
  const [receiptFile, vkeyFile] = [join(folder, receiptName), join(folder, vkeyName)];
  await writeFile(vkeyFile, await client.text('/v1/audit/vkey'));
  await writeFile(receiptFile, await client.text(`/v1/audit/events/${eventId}/proof`));
  const report = await verify({
    log: undefined,
    receipts: [receiptFile],
    from: [],
    vkey: [vkeyFile],
    allEvents: false,
    onProgress: () => undefined,
  });
  const [receipt] = report.receipts;
  if (receipt?.sealed.eventId !== eventId) throw new Error('the receipt is of another event');
  const { size, origin, signatures } = receipt.checkpoint;
  step('The receipt of the refund', `${receiptName}: leaf ${receipt.index} of ${size} in the log ${origin}`);
  step('Verified offline, with the key', `${receipt.sealed.type} is sealed, signed ${signatures[0]?.key.type}`);
};
