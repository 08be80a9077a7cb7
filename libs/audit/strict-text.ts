/** The two encodings of the C2SP texts, in the one form that each value has. Everything else is refused. */
import { Malformed } from './errors.js';

/** Standard base64 with padding (RFC 4648, section 4) of `bytes`. */
export const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');

/** The bytes of a base64 text. Throws Malformed for another alphabet, spaces, missing padding or stray bits at the end. */
export const fromBase64 = (text: string, what: string): Uint8Array => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Malformed(what, 'it is not standard base64');
  return bytes;
};

/** A whole number of ASCII digits without leading zeroes, 0 to 2^53 - 1. Throws Malformed for anything else. */
export const fromDecimal = (text: string, what: string): number => {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) throw new Malformed(what, 'it is not a decimal without leading zeroes');
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Malformed(what, 'it is above 2^53 - 1, more than any log of ours holds');
  return value;
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 text; a byte order mark is kept as a character. Throws Malformed when the bytes are not UTF-8. */
export const fromUtf8 = (bytes: Uint8Array, what: string): string => {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new Malformed(what, 'it is not UTF-8', { cause });
  }
};
