/** Issuer prefixes of payment cards (ISO/IEC 7812): Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro. */
const issuer = /^(4|5[1-5]|2(22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|6(011|4[4-9]|5|2)|3(0[0-59]|[689])|35|50|5[6-9]|6)/;

/** 13 to 19 digits with single spaces or dashes between them, not part of a longer run of digits or of a UUID or other word. */
const candidate = /(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-]|\.\d)/g;

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

/** Replaces whatever looks like a card number by `[card number]`. UUIDs, timestamps and amounts survive. */
export const scrubCardNumbers = (text: string): string =>
  text.replace(candidate, (run) => {
    const digits = run.replace(/[ -]/g, '');
    return issuer.test(digits) && passesLuhn(digits) ? '[card number]' : run;
  });
