/** Issuer prefixes of payment cards (ISO/IEC 7812): Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro. */
const issuer = /^(4|5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|6(011|4[4-9]|5|2)|3(0[0-59]|[689])|35|50|5[6-9]|6)/;

/**
 * A UUID, which stays as it is, or 13 digits and more with single spaces or dashes between them, wherever they stand: after letters,
 * in a word, in a key. Only hexadecimal letters beside it, or a decimal fraction, make it something else.
 */
const candidate =
  /(?<uuid>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})|(?<![0-9A-Fa-f]|\d\.)\d(?:[ -]?\d){12,}(?![0-9A-Fa-f]|\.\d)/gi;

/** Whether the digits satisfy the Luhn check of ISO/IEC 7812-1. */
export const passesLuhn = (digits: string): boolean => {
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
};

const isCardNumber = (digits: string): boolean =>
  digits.length >= 13 && digits.length <= 19 && issuer.test(digits) && passesLuhn(digits);

/** Whether some groups of the run, side by side, are a card number: `4242 4242 4242 4242 12` holds one. */
const holdsCardNumber = (run: string): boolean => {
  const groups = run.split(/[ -]/);
  for (let from = 0; from < groups.length; from += 1) {
    let digits = '';
    for (let to = from; to < groups.length && digits.length < 19; to += 1) {
      digits += groups[to] ?? '';
      if (isCardNumber(digits)) return true;
    }
  }
  return false;
};

/** Replaces whatever looks like a card number by `[card number]`. UUIDs, timestamps and amounts survive. */
export const scrubCardNumbers = (text: string): string =>
  text.replace(candidate, (run, uuid?: string) => (uuid === undefined && holdsCardNumber(run) ? '[card number]' : run));
