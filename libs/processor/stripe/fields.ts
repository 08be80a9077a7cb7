import { instant } from './instant.js';

/** A field that has another form than this release knows. Its path is for the log; what stood there is not. */
export class Unreadable extends Error {
  constructor(readonly path: string) {
    super(`${path} has a form that this release does not know`);
  }
}

/** Stripe's ids, types and codes: printable, within what its documentation promises for ids. */
const token = /^[\x21-\x7e]{1,255}$/;

/** More than any amount that Stripe takes (twelve digits), and little enough that sums of many stay exact. */
const maxInteger = 999_999_999_999;

/** Every object has these names already: as an id, one would be taken for something known. */
const isInherited = (name: string): boolean => name in Object.prototype;

/** The last second of the year 9999. */
const maxSeconds = 253_402_300_799;

/**
 * A JSON object of an event, read field by field. Each method takes the name of a field and gives its value, checked; it throws
 * Unreadable where the value is not of the form asked for. `maybe...` gives undefined for a field that is null or left out.
 */
export class Fields {
  readonly #path: string;
  readonly #value: Readonly<Record<string, unknown>>;

  /** Throws Unreadable where `value` is no JSON object. */
  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreadable(path);
    this.#path = path;
    this.#value = value as Record<string, unknown>;
  }

  /** A field; undefined for one that is null. */
  #field(name: string): unknown {
    return this.#value[name] ?? undefined;
  }

  #fault(name: string): Unreadable {
    return new Unreadable(`${this.#path}.${name}`);
  }

  has(name: string): boolean {
    return this.#field(name) !== undefined;
  }

  token(name: string): string {
    const value = this.#field(name);
    if (typeof value !== 'string' || !token.test(value)) throw this.#fault(name);
    if (name === 'id' && isInherited(value)) throw this.#fault(name);
    return value;
  }

  maybeToken(name: string): string | undefined {
    return this.has(name) ? this.token(name) : undefined;
  }

  boolean(name: string): boolean {
    const value = this.#field(name);
    if (typeof value !== 'boolean') throw this.#fault(name);
    return value;
  }

  /** An integer of at most twelve digits; it may be negative. */
  integer(name: string): number {
    const value = this.#field(name);
    if (typeof value !== 'number' || !Number.isInteger(value) || Math.abs(value) > maxInteger) throw this.#fault(name);
    return value;
  }

  /** Minor units of money, 0 or more. */
  amount(name: string): number {
    const value = this.integer(name);
    if (value < 0) throw this.#fault(name);
    return value;
  }

  /** A number above 0, such as an exchange rate. */
  maybeRate(name: string): number | undefined {
    const value = this.#field(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !(value > 0) || value === Infinity) throw this.#fault(name);
    return value;
  }

  /** Unix seconds. */
  seconds(name: string): number {
    const value = this.amount(name);
    if (value > maxSeconds) throw this.#fault(name);
    return value;
  }

  /** Unix seconds, as RFC 3339. */
  instant(name: string): string {
    return instant(this.seconds(name));
  }

  maybeInstant(name: string): string | undefined {
    return this.has(name) ? this.instant(name) : undefined;
  }

  /** RFC 3339 in UTC, to the millisecond. */
  timestamp(name: string): string {
    const value = this.token(name);
    const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/.test(value) ? Date.parse(value) : NaN;
    if (Number.isNaN(time)) throw this.#fault(name);
    return new Date(time).toISOString();
  }

  /** Lower-case ISO 4217. */
  currency(name: string): string {
    const value = this.token(name);
    if (!/^[a-z]{3}$/.test(value)) throw this.#fault(name);
    return value;
  }

  /** What a word of Stripe's means. A word that is not listed is unreadable: it is never taken for another. */
  word<V>(name: string, meanings: Readonly<Record<string, V>>): V {
    const value = this.token(name);
    if (!Object.hasOwn(meanings, value)) throw this.#fault(name);
    return meanings[value] as V;
  }

  /** The id of another object, which may be expanded. */
  id(name: string): string {
    const id = typeof this.#field(name) === 'string' ? this.token(name) : this.fields(name).token('id');
    if (isInherited(id)) throw this.#fault(name);
    return id;
  }

  maybeId(name: string): string | undefined {
    return this.has(name) ? this.id(name) : undefined;
  }

  /** Stripe's object of a kind, which names itself in `object`. The paths of its fields begin with the kind. */
  object(kind: string): Fields {
    const object = new Fields(this.#field('object'), kind);
    object.word('object', { [kind]: kind });
    return object;
  }

  fields(name: string): Fields {
    return new Fields(this.#field(name), `${this.#path}.${name}`);
  }

  maybeFields(name: string): Fields | undefined {
    return this.has(name) ? this.fields(name) : undefined;
  }

  /** Another object where it is expanded; undefined where only its id stands there, or nothing. */
  expanded(name: string): Fields | undefined {
    return typeof this.#field(name) === 'string' ? undefined : this.maybeFields(name);
  }

  /** Objects, at most `limit` of them. */
  list(name: string, limit: number): Fields[] {
    const value = this.#field(name);
    if (!Array.isArray(value) || value.length > limit) throw this.#fault(name);
    return value.map((each) => new Fields(each, `${this.#path}.${name}[]`));
  }

  /** Words, at most `limit` of them; none where the field is null or left out. */
  tokens(name: string, limit: number): string[] {
    const value = this.#field(name);
    if (value === undefined) return [];
    if (!Array.isArray(value) || value.length > limit) throw this.#fault(name);
    return value.map((each) => {
      if (typeof each !== 'string' || !token.test(each)) throw this.#fault(name);
      return each;
    });
  }

  /** The value of a field as it stands, for who only wants to know whether it is of a certain form. */
  raw(name: string): unknown {
    return this.#field(name);
  }
}
