/**
 * How the numbers of each issuer begin, and how long they are (ISO/IEC 7812): Visa; Mastercard; American Express; Discover and UnionPay;
 * Diners; JCB; Maestro, whose shorter numbers are issued no more and would be every other phone number. What has another length is something
 * else: the 15 digits of a telephone's serial number begin with 35 as well.
 */
const issuers = [
  /^4(?:\d{12}|\d{15}|\d{18})$/,
  /^(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}$/,
  /^3[47]\d{13}$/,
  /^6(?:011|4[4-9]\d|5\d\d|2\d\d)\d{12,15}$/,
  /^3(?:0[0-59]|[689]\d)\d{11,16}$/,
  /^35(?:2[89]|[3-8]\d)\d{12,15}$/,
  /^(?:5[06-9]|6\d)\d{14,17}$/,
];

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

/** Whether 13 to 19 digits are those of a card: an issuer's prefix and length, and the check digit fits. */
export const isCardNumber = (digits: string): boolean =>
  digits.length >= minDigits &&
  digits.length <= maxDigits &&
  issuers.some((numbers) => numbers.test(digits)) &&
  passesLuhn(digits);

export const minDigits = 13;
export const maxDigits = 19;
