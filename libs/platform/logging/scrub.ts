import { base64SpansOf } from './base64-runs.js';
import type { Span } from './digit-runs.js';
import { spansOf } from './digit-runs.js';

const beyondAscii = /[^\0-\x7f]/;
const decimalDigit = /\p{Nd}/u;
const otherDigits = /(?![0-9])\p{Nd}/gu;

/** The text with the digits that a reader sees: wide ones and those in circles (Unicode's NFKC), and those of other scripts. */
const withPlainDigits = (text: string): string => text.normalize('NFKC').replace(otherDigits, valueOf);

/** Unicode has the decimal digits of a script in a row, zero first. */
const valueOf = (digit: string): string => {
  let zero = digit.codePointAt(0) ?? 0;
  const last = zero;
  while (last - zero < 9 && decimalDigit.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String(last - zero);
};

const allSpansOf = (text: string): Span[] => [...spansOf(text), ...base64SpansOf(text)];

/** Whether a text holds what looks like a card number, wherever it stands: 13 to 19 digits of an issuer that pass Luhn, with separators, in base64. */
export const holdsCardNumber = (text: string): boolean =>
  spansOf(text).length > 0 ||
  base64SpansOf(text).length > 0 ||
  (beyondAscii.test(text) && allSpansOf(withPlainDigits(text)).length > 0);

/** Replaces whatever looks like a card number by `[card number]`. UUIDs, digests, timestamps, fractions and amounts survive. */
export const scrubCardNumbers = (text: string): string => {
  if (!holdsCardNumber(text)) return text;
  const spans = allSpansOf(text);
  if (spans.length === 0) return scrubCardNumbers(withPlainDigits(text));
  let [scrubbed, end] = ['', 0];
  for (const [from, to] of spans.sort(([one], [other]) => one - other)) {
    if (from < end) continue;
    scrubbed += `${text.slice(end, from)}[card number]`;
    end = to;
  }
  return scrubbed + text.slice(end);
};
