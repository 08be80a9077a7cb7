import { NoSigningKey, SigningKeyDiffers } from './signers/index.js';

/** What an operator has to do about a failure where it says so, for anybody to read; else `otherwise`, and the reason stands in the log alone. */
export const operatorsWords = (failure: unknown, otherwise: string): string =>
  failure instanceof NoSigningKey || failure instanceof SigningKeyDiffers ? failure.message : otherwise;
