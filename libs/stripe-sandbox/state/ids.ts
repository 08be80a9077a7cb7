/**
 * Ids in the order of creation: prefix, the millisecond, a counter, and twelve characters that are this process's own, as
 * Stripe's ids carry their account's. So a list by time is a range of ids, and new rows go to the end of their tree.
 */
import { randomBytes } from 'node:crypto';

/** In ASCII order, so that encoded numbers sort as numbers do. */
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const TIME_DIGITS = 7;
const COUNTER_DIGITS = 4;
const COUNTER_END = DIGITS.length ** COUNTER_DIGITS;

const encode = (value: number, digits: number): string => {
  let text = '';
  let rest = value;
  for (let i = 0; i < digits; i++) {
    text = DIGITS.charAt(rest % DIGITS.length) + text;
    rest = Math.floor(rest / DIGITS.length);
  }
  return text;
};

/** Random bytes are drawn many at a time: a draw costs more than what it is for. */
const POOL_BYTES = 4_096;
let pool = randomBytes(POOL_BYTES);
let drawn = 0;

/** `length` (up to 4096) characters of [0-9A-Za-z] that nobody can guess. */
export const randomText = (length: number): string => {
  if (drawn + length > POOL_BYTES) {
    pool = randomBytes(POOL_BYTES);
    drawn = 0;
  }
  let text = '';
  for (const byte of pool.subarray(drawn, drawn + length)) text += DIGITS.charAt(byte % DIGITS.length);
  drawn += length;
  return text;
};

/** The least id with `prefix` that was made at `at_ms` or later. */
export const firstIdAt = (prefix: string, at_ms: number): string =>
  `${prefix}3${encode(Math.max(0, at_ms), TIME_DIGITS)}`;

export class IdFactory {
  private readonly own = randomText(12);
  private counter = 0;
  private lastAt_ms = -1;
  private lastTime = '';

  /** A new id for an object made at `at_ms` (Unix milliseconds). */
  next(prefix: string, at_ms: number): string {
    if (at_ms !== this.lastAt_ms) {
      this.lastAt_ms = at_ms;
      this.lastTime = encode(at_ms, TIME_DIGITS);
    }
    this.counter = (this.counter + 1) % COUNTER_END;
    return `${prefix}3${this.lastTime}${encode(this.counter, COUNTER_DIGITS)}${this.own}`;
  }
}
