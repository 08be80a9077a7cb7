/** Reading the JSON that the sandbox's own routes are sent. Each throws a 400 StripeError that names the field. */
import { invalidParameter } from './errors.js';

export const wrongField = (field: string, message: string) => invalidParameter(field, message);

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Throws for a field of `given` that is not `known`. `where` comes before its name. */
export const assertNames = (given: object, known: readonly string[], where: string): void => {
  const name = Object.keys(given).find((each) => !known.includes(each));
  if (name === undefined) return;
  throw wrongField(`${where}${name}`, `Unknown field ${where}${name}; known are ${known.join(', ')}.`);
};

/** An integer from `least` to `most`, or `absent` where there is none. */
export const integerWithin = (value: unknown, field: string, least: number, most: number, absent: number): number => {
  if (value === undefined) return absent;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw wrongField(field, `${field} must be an integer from ${String(least)} to ${String(most)}.`);
};

/** The JSON of a body; an empty one is an empty object. */
export const parseJson = (text: string): unknown => {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw invalidParameter('body', 'The body must be JSON.');
  }
};
