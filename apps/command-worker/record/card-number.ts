import { bodyLimitBytes } from '#command-handling';
import { holdsCardNumber } from '#platform/logging';

import type { IncomingRecord } from './command-record.js';
import { claimsOf } from './command-record.js';

/**
 * Whether a record holds what looks like a card number, in its body (however broken: as it stands, with its escapes read, or in
 * two bytes a character) or in what it says of itself. Of a body that is too large the beginning tells, because nothing of it is kept.
 */
export const recordHoldsCardNumber = (record: IncomingRecord): boolean => {
  const body = (record.message.value ?? Buffer.alloc(0)).subarray(0, bodyLimitBytes);
  const text = body.toString();
  const read = text.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return [text, read, text.replaceAll('\0', '')].some(holdsCardNumber) || namesHoldCardNumber(record);
};

/** Whether one of the names and ids that a record gives itself looks like a card number. */
export const namesHoldCardNumber = (record: IncomingRecord): boolean =>
  Object.values(claimsOf(record)).some((name) => name !== undefined && holdsCardNumber(name));
