/**
 * Stripe's form encoding, for bodies and queries: `amount=100&metadata[orderId]=7&expand[]=customer&expand[1]=charge`.
 * Nested names become nested objects, lists become objects with the keys 0, 1, 2.
 */
import { StripeError } from './errors.js';

export type FormValue = string | Form;
export interface Form {
  [name: string]: FormValue;
}

/** More than any endpoint takes; a body is bounded to 1 MiB before it gets here. */
const MOST_PARAMETERS = 2_000;
const DEEPEST = 8;

const malformed = (message: string): StripeError =>
  new StripeError(400, { type: 'invalid_request_error', message }, { neverBegan: true });

const decode = (text: string): string => {
  if (!text.includes('%') && !text.includes('+')) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformed('The request holds text that is not percent-encoded UTF-8.');
  }
};

const emptyForm = (): Form => Object.create(null) as Form;

/** `a[b][]` -> ['a', 'b', ''] */
const namesOf = (key: string): string[] => {
  const open = key.indexOf('[');
  if (open === -1) return [key];
  if (open === 0 || !key.endsWith(']')) throw malformed(`Invalid parameter name: ${key}`);
  const names = [key.slice(0, open), ...key.slice(open + 1, -1).split('][')];
  if (names.length > DEEPEST) throw malformed(`Parameters are nested too deeply: ${names[0] ?? ''}`);
  return names;
};

const put = (form: Form, key: string, value: string): void => {
  const names = namesOf(key);
  let place = form;
  for (const [depth, name] of names.entries()) {
    const slot = name === '' && depth > 0 ? String(Object.keys(place).length) : name;
    if (depth === names.length - 1) {
      place[slot] = value;
      return;
    }
    const next = place[slot] ?? (place[slot] = emptyForm());
    if (typeof next === 'string') throw malformed(`Invalid hash: ${key} is given both as a value and as a hash.`);
    place = next;
  }
};

/** Reads form-encoded text. Throws a 400 StripeError for text that is not form encoding. */
export const parseForm = (text: string): Form => {
  const form = emptyForm();
  if (text === '') return form;
  const pairs = text.split('&');
  if (pairs.length > MOST_PARAMETERS) throw malformed('The request has too many parameters.');
  for (const pair of pairs) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    if (equals === -1) put(form, decode(pair), '');
    else put(form, decode(pair.slice(0, equals)), decode(pair.slice(equals + 1)));
  }
  return form;
};
