import { inFours } from '../../libs/platform/logging/testing/card-numbers.js';

/** Which needle was found, in which writing of it. */
interface Pattern {
  needle: string;
  writing: string;
  bytes: Buffer;
}

/** A card number has 13 digits at least; a run of digits that goes on is looked at in parts, which overlap by more than one has at most. */
const leastDigits = 13;
const partOfRun = 4_096;
const overlap = 64;
const beginBytes = 4;
/** What may stand between two digits: up to three bytes that are neither digits nor letters, as in UTF-16 with a space. */
const widestGap = 3;

/** What a byte may be, several at once: nearly all are none of these. */
const [digit, letter, begins] = [1, 2, 4];
const kindOf = (byte: number): number => {
  const text = String.fromCharCode(byte);
  if (/\d/.test(text)) return digit;
  return /[A-Za-z]/.test(text) ? letter : 0;
};

/**
 * Its base64 wherever in the text around it it begins, without the characters at its ends that hold bits of its neighbours. What says too
 * little without them, such as a row of zeros, stands elsewhere as well.
 */
const base64Of = (bytes: Buffer): Buffer[] =>
  [0, 2, 3]
    .map((from, before) => {
      const text = Buffer.concat([Buffer.alloc(before), bytes])
        .toString('base64')
        .replaceAll('=', '');
      const isCut = (before + bytes.length) % 3 !== 0;
      return text.slice(from, isCut ? -1 : undefined);
    })
    .filter((text) => new Set(text).size > 5)
    .map((text) => Buffer.from(text));

/** An integer as Postgres keeps one in jsonb: in base 10,000, little-endian. */
const asNumeric = (number: string): Buffer => {
  const groups = number.padStart(Math.ceil(number.length / 4) * 4, '0').match(/\d{4}/g) ?? [];
  return Buffer.from(Uint16Array.from(groups, Number).buffer);
};

const asNumber = (number: string): [string, Buffer][] => [
  ['an integer', Buffer.from(BigInt64Array.of(BigInt(number)).buffer)],
  ['a float', Buffer.from(Float64Array.of(Number(number)).buffer)],
  ['a numeric', asNumeric(number)],
];

const encoded = (text: string): [string, Buffer][] => [
  ['hexadecimal', Buffer.from(Buffer.from(text).toString('hex'))],
  ...base64Of(Buffer.from(text)).map((each): [string, Buffer] => ['base64', each]),
];

const inWideDigits = (number: string): string =>
  number.replaceAll(/\d/g, (each) => String.fromCodePoint(0xff10 + Number(each)));

const isCardNumber = (needle: string): boolean => /^\d{13,19}$/.test(needle);

/** Of a card number those in which it is no run of digits, since these are looked for by themselves. */
const writingsOf = (needle: string): [string, Buffer][] =>
  isCardNumber(needle)
    ? [
        ...asNumber(needle),
        ...[needle, inFours(needle), inFours(needle, '-')].flatMap(encoded),
        ['wide digits', Buffer.from(inWideDigits(needle))],
      ]
    : [['text', Buffer.from(needle)], ['UTF-16', Buffer.from(needle, 'utf16le')], ...encoded(needle)];

/**
 * Looks for texts in bytes of any kind, in one pass: as UTF-8, UTF-16, hexadecimal and base64, and digits as numbers too, or with anything
 * between them that is neither digit nor letter.
 */
export class ByteSearch {
  readonly #cardNumbers: readonly string[];
  /** Patterns by their first four bytes, and whether there is one with these two. */
  readonly #patterns = new Map<number, Pattern[]>();
  readonly #begins = new Uint8Array(65_536);
  readonly #kinds = Uint8Array.from({ length: 256 }, (_, byte) => kindOf(byte));
  readonly #found = new Set<string>();
  /** Bytes that were looked at. */
  size = 0;

  constructor(needles: readonly string[]) {
    if (needles.some((needle) => needle.length < 6)) throw new Error('a needle is too short to mean anything');
    this.#cardNumbers = needles.filter(isCardNumber);
    for (const needle of needles) {
      for (const [writing, bytes] of writingsOf(needle)) {
        const begin = bytes.readUInt32LE(0);
        this.#patterns.set(begin, [...(this.#patterns.get(begin) ?? []), { needle, writing, bytes }]);
        this.#begins[bytes.readUInt16LE(0)] = 1;
        this.#kinds[bytes.readUInt8(0)] = kindOf(bytes.readUInt8(0)) | begins;
      }
    }
  }

  /** What was found so far, as `needle (writing) in place`. */
  get found(): string[] {
    return [...this.#found].sort();
  }

  look(place: string, bytes: Buffer): void {
    this.size += bytes.length;
    const [kinds, starts, run] = [this.#kinds, this.#begins, new DigitRun()];
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] as number;
      const kind = kinds[byte] as number;
      if (kind >= begins && starts[byte | ((bytes[at + 1] ?? 0) << 8)] === 1) this.#compare(place, bytes, at);
      if ((kind & digit) === 0 && run.length === 0) continue;
      const digits = (kind & digit) === 0 ? run.part((kind & letter) !== 0) : run.add(byte);
      if (digits !== undefined) this.#judge(place, digits);
    }
    const digits = run.part(true);
    if (digits !== undefined) this.#judge(place, digits);
  }

  #compare(place: string, bytes: Buffer, at: number): void {
    if (at + beginBytes > bytes.length) return;
    for (const { needle, writing, bytes: wanted } of this.#patterns.get(bytes.readUInt32LE(at)) ?? []) {
      const end = at + wanted.length;
      if (end <= bytes.length && bytes.compare(wanted, 0, wanted.length, at, end) === 0)
        this.#found.add(`${needle} (${writing}) in ${place}`);
    }
  }

  #judge(place: string, digits: string): void {
    for (const number of this.#cardNumbers)
      if (digits.includes(number)) this.#found.add(`${number} (digits) in ${place}`);
  }
}

/** Digits with no more between them than stands between those of a card number. */
class DigitRun {
  readonly #digits = Buffer.alloc(partOfRun);
  #gap = 0;
  length = 0;

  /** Gives a part to look at where there is no more room. */
  add(byte: number): string | undefined {
    const whole = this.length === partOfRun ? this.#take(overlap) : undefined;
    this.#digits[this.length] = byte;
    this.length += 1;
    this.#gap = 0;
    return whole;
  }

  /** Takes note of what is no digit. Gives the run where that ends it and it may hold a card number. */
  part(isEnd: boolean): string | undefined {
    if (this.length === 0) return undefined;
    this.#gap += 1;
    return isEnd || this.#gap > widestGap ? this.#take(0) : undefined;
  }

  #take(kept: number): string | undefined {
    const { length } = this;
    const digits = length < leastDigits ? undefined : this.#digits.toString('latin1', 0, length);
    this.#digits.copyWithin(0, length - kept, length);
    this.length = kept;
    return digits;
  }
}
