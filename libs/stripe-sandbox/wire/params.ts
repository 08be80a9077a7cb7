/**
 * What an endpoint takes: a reader for each parameter. A reader turns form text into a value or refuses it in Stripe's words
 * with the parameter's full name (`shipping[address][city]`).
 */
import { invalidParameter, parameterEmpty, parameterMissing, parameterUnknown } from './errors.js';
import type { Form, FormValue } from './form.js';

export type Reader<T> = (raw: FormValue, param: string) => T;
export type Shape = Record<string, Reader<unknown>>;
export type Read<S extends Shape> = { [K in keyof S]?: ReturnType<S[K]> };
/** What reading a shape gives when the parameters named in R are required. */
export type ReadAll<S extends Shape, R extends keyof S> = Read<S> & { [K in R]: ReturnType<S[K]> };

const scalar = (raw: FormValue, param: string, type: string): string => {
  if (typeof raw !== 'string') throw invalidParameter(param, `Invalid ${type}: ${param} is given as a hash or a list.`);
  if (raw === '') throw parameterEmpty(param);
  return raw;
};

export const string: Reader<string> = (raw, param) => {
  const value = scalar(raw, param, 'string');
  if (value.length > 5_000) {
    throw invalidParameter(param, `Invalid string: ${param} must be at most 5000 characters.`);
  }
  return value;
};

export const stringUpTo =
  (longest: number): Reader<string> =>
  (raw, param) => {
    const value = scalar(raw, param, 'string');
    if (value.length > longest) {
      throw invalidParameter(param, `Invalid string: ${param} must be at most ${String(longest)} characters.`);
    }
    return value;
  };

export const integer: Reader<number> = (raw, param) => {
  const value = scalar(raw, param, 'integer');
  if (!/^-?\d{1,15}$/.test(value)) {
    throw invalidParameter(param, `Invalid integer: ${value.slice(0, 40)}`, 'parameter_invalid_integer');
  }
  return Number(value);
};

export const integerFrom =
  (least: number): Reader<number> =>
  (raw, param) => {
    const value = integer(raw, param);
    if (value < least) {
      throw invalidParameter(
        param,
        `This value must be greater than or equal to ${String(least)}.`,
        'parameter_invalid_integer',
      );
    }
    return value;
  };

export const boolean: Reader<boolean> = (raw, param) => {
  const value = scalar(raw, param, 'boolean');
  if (value !== 'true' && value !== 'false') throw invalidParameter(param, `Invalid boolean: ${value.slice(0, 40)}`);
  return value === 'true';
};

export const oneOf =
  <const T extends string>(...choices: T[]): Reader<T> =>
  (raw, param) => {
    const value = scalar(raw, param, 'string');
    const choice = choices.find((each) => each === value);
    if (choice !== undefined) return choice;
    const names = choices.length > 1 ? `${choices.slice(0, -1).join(', ')} or ${choices.at(-1) ?? ''}` : choices[0];
    throw invalidParameter(param, `Invalid ${param}: must be one of ${names ?? ''}`);
  };

/** A value that an empty string unsets: gives null then. */
export const unsettable =
  <T>(reader: Reader<T>): Reader<T | null> =>
  (raw, param) =>
    raw === '' ? null : reader(raw, param);

export const listOf =
  <T>(reader: Reader<T>): Reader<T[]> =>
  (raw, param) => {
    if (typeof raw === 'string') throw invalidParameter(param, `Invalid array: ${param} must be a list.`);
    return Object.keys(raw).map((index) => {
      const item = raw[index];
      if (item === undefined || !/^\d{1,4}$/.test(index)) throw parameterUnknown(`${param}[${index}]`);
      return reader(item, `${param}[${index}]`);
    });
  };

const readInto = (shape: Shape, required: readonly string[], form: Form, prefix: string): Record<string, unknown> => {
  const values: Record<string, unknown> = {};
  for (const name in form) {
    const param = prefix === '' ? name : `${prefix}[${name}]`;
    const reader = Object.hasOwn(shape, name) ? shape[name] : undefined;
    const raw = form[name];
    if (!reader || raw === undefined) throw parameterUnknown(param);
    values[name] = reader(raw, param);
  }
  for (const name of required) {
    if (values[name] === undefined) throw parameterMissing(prefix === '' ? name : `${prefix}[${name}]`);
  }
  return values;
};

/** The parameters of a request. Throws parameter_unknown, parameter_missing and what the readers throw. */
export const readParams = <S extends Shape, R extends keyof S & string>(
  shape: S,
  required: readonly R[],
  form: Form,
): ReadAll<S, R> => readInto(shape, required, form, '') as ReadAll<S, R>;

export const hash =
  <S extends Shape, R extends keyof S & string = never>(shape: S, required: readonly R[] = []): Reader<ReadAll<S, R>> =>
  (raw, param) => {
    if (typeof raw === 'string') throw invalidParameter(param, `Invalid hash: ${param} must be a hash.`);
    return readInto(shape, required, raw, param) as ReadAll<S, R>;
  };

/** A hash that the sandbox takes and does not look into. */
export const anyHash: Reader<Form> = (raw, param) => {
  if (typeof raw === 'string') throw invalidParameter(param, `Invalid hash: ${param} must be a hash.`);
  return raw;
};

/** A parameter of Stripe's that the sandbox refuses, saying why. */
export const unsupported =
  (why: string): Reader<never> =>
  (_raw, param) => {
    throw invalidParameter(param, `The sandbox does not support '${param}': ${why}.`);
  };

/** Up to 50 keys of 40 characters and values of 500; an empty value unsets its key. */
const metadataHash: Reader<Record<string, string>> = (raw, param) => {
  if (typeof raw === 'string') throw invalidParameter(param, `Invalid hash: ${param} must be a hash.`);
  const pairs = Object.entries(raw);
  if (pairs.length > 50) throw invalidParameter(param, 'You can specify up to 50 metadata keys.');
  const metadata: Record<string, string> = {};
  for (const [key, value] of pairs) {
    const name = `${param}[${key}]`;
    if (typeof value !== 'string') throw invalidParameter(name, 'Metadata values must be strings.');
    if (key.length > 40) throw invalidParameter(name, 'Metadata keys can have up to 40 characters.');
    if (value.length > 500) throw invalidParameter(name, 'Metadata values can have up to 500 characters.');
    metadata[key] = value;
  }
  return metadata;
};

/** Null unsets all of it. */
export const metadata = unsettable(metadataHash);

/** `metadata` of an object after `change`: an empty value unsets its key, null all keys. */
export const mergeMetadata = (
  current: Record<string, string>,
  change: Record<string, string> | null | undefined,
): Record<string, string> => {
  if (change === undefined) return current;
  if (change === null) return {};
  return Object.fromEntries(Object.entries({ ...current, ...change }).filter(([, value]) => value !== ''));
};

const addressFields = {
  city: unsettable(string),
  country: unsettable(stringUpTo(2)),
  line1: unsettable(string),
  line2: unsettable(string),
  postal_code: unsettable(string),
  state: unsettable(string),
};
export const address = hash(addressFields);
export type Address = ReturnType<typeof address>;

export const shipping = hash(
  {
    address,
    carrier: unsettable(string),
    name: string,
    phone: unsettable(string),
    tracking_number: unsettable(string),
  },
  ['address', 'name'],
);
export type Shipping = ReturnType<typeof shipping>;
