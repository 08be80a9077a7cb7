import type { KeySource } from '../compact-signature.js';
import { keyUnknown } from './issuer-keys.js';
import { readKeySet } from './key-set.js';

/** Keys that are at hand, as an issuer would publish them (RFC 7517). Throws KeySetMalformed. */
export const fixedKeys = (document: unknown): KeySource => {
  const find = readKeySet(document);
  return async (header) => {
    const key = await find(header);
    if (!key) throw keyUnknown();
    return key;
  };
};
