import type { Span } from './digit-runs.js';
import { spansOf } from './digit-runs.js';

/**
 * Three characters that are digits, spaces or dashes, three times, as base64 writes them (RFC 4648, both alphabets): every encoded card number
 * has them, and of a hundred billion places in random text three.
 */
const digitsInBase64 = /(?:[ILMNO][CSiyDTjz][AEIMQUYcgk0][w-z0-5gt]){3}/g;
const alphabet = /[A-Za-z0-9+/_-]/;
/** Around the first nine characters of a number: the rest of the longest one, and what parts it. */
const reach = 56;

/** Every text in base64, as a whole, that holds a card number. */
export const base64SpansOf = (text: string): Span[] => {
  const spans: Span[] = [];
  for (const { index } of text.matchAll(digitsInBase64)) {
    if (index < (spans.at(-1)?.[1] ?? 0)) continue;
    let [from, to] = [index, index];
    while (from >= 4 && index - from < reach && isAlphabet(text, from - 4, from)) from -= 4;
    while (to < text.length && to - index < reach && isAlphabet(text, to, to + 1)) to += 1;
    if (spansOf(Buffer.from(text.slice(from, to), 'base64').toString('latin1')).length > 0)
      spans.push(wholeOf(text, from, to));
  }
  return spans;
};

const isAlphabet = (text: string, from: number, to: number): boolean => {
  for (let at = from; at < to; at += 1) if (!alphabet.test(text[at] ?? '')) return false;
  return true;
};

const wholeOf = (text: string, from: number, to: number): Span => {
  let [start, end] = [from, to];
  while (start > 0 && isAlphabet(text, start - 1, start)) start -= 1;
  while (end < text.length && isAlphabet(text, end, end + 1)) end += 1;
  return [start, end];
};
