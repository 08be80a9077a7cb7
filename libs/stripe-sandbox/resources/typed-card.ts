/** A card as a customer typed it. Its number is looked up in the table of test cards, and forgotten. */
import { genericDecline, testCardByNumber } from '../payments/test-cards.js';
import { StripeError } from '../wire/errors.js';
import type { ErrorDetails } from '../wire/errors.js';
import type { Reader } from '../wire/params.js';
import { hash } from '../wire/params.js';

/** Text of the form. What is wrong with it is said without repeating it. */
const typed: Reader<string> = (raw) => (typeof raw === 'string' ? raw.replace(/[\s-]/g, '') : '');

export const typedCard = hash({ cvc: typed, exp_month: typed, exp_year: typed, number: typed });
export type TypedCard = ReturnType<typeof typedCard>;

const wrong = (param: string, code: string, message: string, more: Partial<ErrorDetails> = {}): StripeError =>
  new StripeError(402, { type: 'card_error', code, message, param, ...more }, { neverBegan: true });

/** ISO/IEC 7812-1 annex B. */
const passesLuhn = (number: string): boolean => {
  let sum = 0;
  for (let index = 0; index < number.length; index++) {
    const digit = Number(number.at(-1 - index));
    sum += index % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
  }
  return sum % 10 === 0;
};

const testCardTyped = (number: string): string => {
  const name = testCardByNumber(number);
  if (name !== undefined) return name;
  if (!/^\d{12,19}$/.test(number))
    throw wrong('number', 'invalid_number', 'The card number is not a valid credit card number.');
  if (!passesLuhn(number)) throw wrong('number', 'incorrect_number', 'Your card number is incorrect.');
  throw wrong(
    'number',
    genericDecline.code,
    'Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of valid test cards, visit: ' +
      'https://stripe.com/docs/testing.',
    { decline_code: 'test_mode_live_card' },
  );
};

const CENTURY = 2_000;
const MOST_YEARS = 50;

/** The test card that it is. Throws Stripe's 402 for what is wrong with it; `now` is what its expiry is compared with. */
export const cardFacts = (card: TypedCard, now: Date): { test: string; exp_month: number; exp_year: number } => {
  const test = testCardTyped(card.number ?? '');
  const month = /^\d{1,2}$/.test(card.exp_month ?? '') ? Number(card.exp_month) : 0;
  if (month < 1 || month > 12) {
    throw wrong('exp_month', 'invalid_expiry_month', "Your card's expiration month is invalid.");
  }
  const given = /^(\d{2}|\d{4})$/.test(card.exp_year ?? '') ? Number(card.exp_year) : 0;
  const year = given < 100 ? CENTURY + given : given;
  const [thisYear, thisMonth] = [now.getUTCFullYear(), now.getUTCMonth() + 1];
  if (given === 0 || year < thisYear || year > thisYear + MOST_YEARS) {
    throw wrong('exp_year', 'invalid_expiry_year', "Your card's expiration year is invalid.");
  }
  if (year === thisYear && month < thisMonth) {
    throw wrong('exp_month', 'invalid_expiry_month', "Your card's expiration month is invalid.");
  }
  if (!/^\d{3,4}$/.test(card.cvc ?? '')) throw wrong('cvc', 'invalid_cvc', "Your card's security code is invalid.");
  return { test, exp_month: month, exp_year: year };
};
