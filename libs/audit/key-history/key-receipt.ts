import { parseOpening } from '../entries/index.js';
import { Malformed } from '../errors.js';
import { parseTlogProof } from '../receipts/index.js';
import type { KeyEvent } from './key-event.js';
import { parseKeyEvent } from './key-event.js';

/** What a receipt of the key history says; nothing of it is verified. Throws Malformed. */
export const parseKeyReceipt = (receipt: Uint8Array | string, origin: string): KeyEvent & { index: number } => {
  const { index, extra } = parseTlogProof(receipt);
  if (!extra) throw new Malformed('receipt', 'it is a proof without the event that it is about');
  return { index, ...parseKeyEvent(parseOpening(extra).event, origin) };
};
