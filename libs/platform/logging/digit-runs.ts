import { isCardNumber, maxDigits } from './card-number.js';

/** Where a text has a card number: from, to. */
export type Span = readonly [from: number, to: number];

/**
 * What may stand between two digits of one number: as many as three signs, a space as URLs or JSON (in JSON, in JSON) have it, or the end of
 * one text in JSON and the beginning of the next, where a number was split over two of them. Numbers beside each other in a list are numbers of their own.
 */
const gap = String.raw`(?:%20|%2[dD]|%C2%A0|&nbsp;|&#160;|\\{1,7}[nrt]|\\{0,7}",\\{0,7}"(?:[\w.-]{1,40}\\{0,7}":\\{0,7}")?|[^0-9A-Za-z",{}[\]]{1,3})`;
/** Nearly every text that holds none is known by this alone. No issuer has another first digit. */
const suspicious = new RegExp(String.raw`(?<!\d)[2-6](?:\d|${gap}\d){12}`);
const runs = new RegExp(String.raw`\d(?:\d|${gap}\d){12,}`, 'g');
const gaps = new RegExp(gap, 'g');

/** One space or dash of any alphabet, or the three signs of a dash with a space on each side: what may part a number anywhere. */
const softGap = String.raw`(?:[\s\u00ad\u200b-\u200d\u2010-\u2015\u2060\u2212\ufeff_-]|\s[\u2010-\u2015\u2212-]\s|%20|%2[dD]|%C2%A0|&nbsp;|&#160;|\\{1,7}[nrt])`;
const soft = new RegExp(`^${softGap}$`);
/** Around anything else the digits have to stand as they do on a card, or in halves. */
const asOnCards = /^(?:4,4,4,[1-4]|4,4,4,4,[1-3]|4,6,[45]|8,8)$/;

/**
 * What is not a card number however its digits look: a UUID, a digest or an id in hexadecimal (8 digits or a multiple, with a letter among
 * them), a decimal fraction, and the 13 digits of a phone number in the international form (E.164): a `+` that begins a word, not one that joins two.
 */
const somethingElse = new RegExp(
  [
    String.raw`(?<![0-9a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])`,
    String.raw`(?<![0-9a-z])(?=\d*[a-f])(?:[0-9a-f]{8}){2,16}(?![0-9a-z])`,
    String.raw`(?<![0-9a-z.])\d{1,12}\.\d{13,}(?:e[+-]?\d+)?(?![0-9a-z.])`,
    String.raw`(?<![\w+])\+(?:[ -]?\d){13}(?!${softGap}?\d)`,
  ].join('|'),
  'gi',
);

/** Every place of a card number in a text as it stands, in order. Takes time in proportion to the length of the text. */
export const spansOf = (text: string): Span[] => {
  if (!suspicious.test(text)) return [];
  const rest = text.replace(somethingElse, (found) => 'x'.repeat(found.length));
  return [...rest.matchAll(runs)].flatMap(({ 0: run, index }) => spansIn(groupsOf(run, index)));
};

/** Digits side by side, and what parts them from those before. */
interface Group {
  digits: string;
  from: number;
  to: number;
  softly: boolean;
}

const groupsOf = (run: string, index: number): Group[] => {
  const groups: Group[] = [];
  let [from, softly] = [0, true];
  for (const { 0: parting, index: at } of [...run.matchAll(gaps), { 0: '', index: run.length }]) {
    groups.push({ digits: run.slice(from, at), from: index + from, to: index + at, softly });
    from = at + parting.length;
    softly = soft.test(parting);
  }
  return groups;
};

/** Those groups, side by side, that are a card number, whatever groups stand beside them. */
const spansIn = (groups: readonly Group[]): Span[] => {
  const spans: Span[] = [];
  for (let first = 0; first < groups.length; first += 1) {
    const last = lastOf(groups, first);
    if (last === undefined) continue;
    spans.push([groups[first]?.from ?? 0, groups[last]?.to ?? 0]);
    first = last;
  }
  return spans;
};

/** With which group the longest number ends that begins with group `first`. */
const lastOf = (groups: readonly Group[], first: number): number | undefined => {
  let [digits, lengths, softly, last] = ['', '', true, undefined as number | undefined];
  for (let at = first; at < groups.length && digits.length < maxDigits; at += 1) {
    const group = groups[at] as Group;
    if (at > first) softly &&= group.softly;
    digits += group.digits;
    lengths += at > first ? `,${group.digits.length}` : `${group.digits.length}`;
    if (isCardNumber(digits) && (softly || asOnCards.test(lengths))) last = at;
  }
  return last;
};
