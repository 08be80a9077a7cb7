import { randomUUID } from 'node:crypto';

import fc from 'fast-check';

import { createLogger, holdsCardNumber, passesLuhn, scrubCardNumbers } from './index.js';
import { completed, inFours, shows, stripeTestCards } from './testing/card-numbers.js';

const digits = (least: number, most: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: least, maxLength: most });
/** How an issuer's numbers begin, and how long they are. */
const issuers: readonly [prefix: string, ...lengths: number[]][] = [
  ['4', 13, 16, 19],
  ...['51', '55', '2221', '2720'].map((prefix): [string, number] => [prefix, 16]),
  ['34', 15],
  ['37', 15],
  ...['6011', '65', '644', '62', '3528', '3589', '50', '56', '6304'].map((prefix): [string, ...number[]] => [
    prefix,
    ...[16, 17, 18, 19],
  ]),
  ...['300', '36', '38'].map((prefix): [string, ...number[]] => [prefix, 14, 16, 19]),
];
/** A number of an issuer's, 13 to 19 digits, that passes Luhn. */
const card = fc
  .tuple(
    fc.constantFrom(...issuers.flatMap(([prefix, ...lengths]) => lengths.map((length) => ({ prefix, length })))),
    digits(18, 18),
  )
  .map(([{ prefix, length }, more]) => completed(`${prefix}${more}`.slice(0, length - 1)));
const separators = [' ', '-', '\u00a0', '\u2009', '\u2011', '\u2013', '\u200b', '\t', '\n', '_', ' - ', '%20', '%2D'];
/** The number with one kind of separator at any places between its digits. */
const separated = fc
  .tuple(card, fc.constantFrom(...separators), fc.array(fc.boolean(), { minLength: 18, maxLength: 18 }))
  .map(([number, between, places]) => ({
    number,
    written: [...number].map((digit, at) => (at > 0 && places[at - 1] ? between + digit : digit)).join(''),
  }));
/** Words and signs without a digit beside it, so that it is not a part of a longer number. */
const words = fc.string({ unit: fc.constantFrom(...'abcdefxyzABC _-:;.,!?/(){}[]"\'\\+=#@\n\u00e9') });

/** What makes the 13 digits behind it a phone number, which survives. */
const dials = /\+[ -]?$/;

/** A value with `text` somewhere in it: as a value, in a list, as a key, deep. */
const around = (text: string): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    place: fc.oneof(
      { maxDepth: 4 },
      fc.constant(text),
      tie('place').map((inner) => [1, inner, null]),
      tie('place').map((inner) => ({ other: 'text', inner })),
      fc.constant({ [text]: true }),
      tie('place').map((inner) => ({ error: { message: 'it failed', cause: inner }, time: 1_763_695_680_000 })),
    ),
  })).place;

const lineOf = (...given: [object, string?]): string => {
  let line = '';
  createLogger({ app: 'spec', write: (written) => (line = written) }).info(...given);
  return line;
};

describe('a card number', () => {
  it('is gone from a line wherever it stands: any issuer, any length, any one separator, in any place of any value', () => {
    const planted = fc
      .tuple(separated, words, words)
      .filter(([{ number }, before]) => number.length > 13 || !dials.test(before))
      .chain(([{ number, written }, before, after]) =>
        around(`${before}${written}${after}`).map((value) => ({ number, written, value })),
      );
    fc.assert(
      fc.property(planted, ({ number, written, value }) => {
        for (const line of [
          lineOf({ value }),
          lineOf({}, JSON.stringify(value)),
          lineOf({ err: new Error(JSON.stringify(value)) }),
        ]) {
          expect([written, line, shows(line, number)]).toEqual([
            written,
            expect.stringContaining('[card number]'),
            false,
          ]);
          expect(JSON.parse(line)).toMatchObject({ app: 'spec' });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is gone in base64 as well, of either alphabet, in a text of any length around it', () => {
    const planted = fc.tuple(
      card,
      fc.constantFrom('', ' ', '-'),
      words,
      fc.constantFrom('base64' as const, 'base64url' as const),
    );
    fc.assert(
      fc.property(planted, ([number, between, before, alphabet]) => {
        const text = JSON.stringify({ before, number: inFours(number, between) });
        const encoded = Buffer.from(text).toString(alphabet);
        expect([text, lineOf({ encoded, deep: [encoded] }).includes(encoded.slice(0, 20))]).toEqual([text, false]);
        expect(holdsCardNumber(encoded)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is found behind a plus, unless it is 13 digits that a plus begins', () => {
    for (const written of [
      '+4242424242424242',
      'card+4000000000006',
      '1+4000000000006',
      ...['\n', '\t', '\u00a0', '_', '%20'].map((between) => `+4242424242424${between}242`),
    ])
      expect([written, holdsCardNumber(written)]).toEqual([written, true]);
    for (const phone of ['+4000000000006', 'tel:+4000000000006', '(+40 00000 00000-6)', '["+4000000000006",2]'])
      expect([phone, holdsCardNumber(phone)]).toEqual([phone, false]);
  });

  it.each(stripeTestCards)('of Stripe for tests, %s, is found in every way to write it', (number) => {
    expect(passesLuhn(number)).toBe(true);
    const wide = [...number].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join('');
    const inDevanagari = [...number].map((digit) => String.fromCodePoint(0x966 + Number(digit))).join('');
    const inArabic = [...number].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join('');
    for (const between of ['', ' ', '-', '&nbsp;', '.', '/', '_', '+', '%20', '","', '","next":"'])
      expect([between, holdsCardNumber(inFours(number, between))]).toEqual([between, true]);
    for (const written of [
      wide,
      inDevanagari,
      inArabic,
      `card${number}`,
      `visa${number}`,
      `${number}.`,
      `${number}.5`,
      `pm_${number}`,
      `x=${number}&y=1`,
    ])
      expect([written, holdsCardNumber(written)]).toEqual([written, true]);
  });

  it('is found when it is split over the arguments of a line, or over fields', () => {
    let line = '';
    const logger = createLogger({ app: 'spec', write: (written) => (line = written) });
    logger.info('%s %s', '4242 4242', '4242 4242');
    expect(line).toContain('"msg":"[card number]"');
    logger.info({ first: '4242 4242', second: '4242 4242' });
    expect(line).toContain('"first":"[card number]"');
    logger.info({ list: ['4242', '4242', '4242', '4242'] }, 'x');
    expect(line).toContain('["[card number]"]');
    logger.info({ said: '42424242' }, '42424242');
    expect(line).toContain('"said":"[card number]"');
  });

  it('leaves what stands around it, and the line stays JSON', () => {
    const line = lineOf({ orderId: '12', note: '4242 4242 4242 4242', next: '17' });
    expect(JSON.parse(line)).toMatchObject({ orderId: '12', note: '[card number]', next: '17' });
  });
});

describe('what is no card number', () => {
  const alone = (text: string): void => {
    expect([text, holdsCardNumber(text), scrubCardNumbers(text) === text]).toEqual([text, false, true]);
  };
  const hex = (length: number) =>
    fc
      .tuple(
        fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length }),
        fc.constantFrom(...'abcdef'),
        fc.nat(length - 1),
      )
      .map(([text, letter, at]) => `${text.slice(0, at)}${letter}${text.slice(at + 1)}`);
  const time = fc.date({ min: new Date('2000-01-01'), max: new Date('2199-01-01'), noInvalidDate: true });
  const uuids = fc.oneof(
    fc.uuid(),
    fc.constantFrom('11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'),
    digits(32, 32).map((text) => text.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5')), // decimal by chance
  );

  it.each<[string, fc.Arbitrary<string>]>([
    ['a UUID', uuids],
    ['a UUID in capitals', uuids.map((id) => id.toUpperCase())],
    [
      'a stream, a request or a token by such an id',
      fc.tuple(fc.constantFrom('payment-', 'req_', 'ctoken_', 'urn:uuid:'), uuids).map((parts) => parts.join('')),
    ],
    ['a time of ISO 8601', time.map((at) => at.toISOString())],
    ['a time as Postgres writes it', time.map((at) => `${at.toISOString().replace('T', ' ').slice(0, 19)}.12+00`)],
    ['milliseconds since 1970', fc.integer({ min: 1_000_000_000_000, max: 1_999_999_999_999 }).map(String)],
    ['the serial number of a telephone', digits(12, 12).map((more) => `IMEI ${completed(`35${more}`)}`)],
    ['a phone number', digits(8, 8).map((more) => `+49 151 ${more}`)],
    ['a phone number without blanks', digits(8, 8).map((more) => `tel:+49151${more}`)],
    ['an amount', fc.integer({ min: -999_999_999_999, max: 999_999_999_999 }).map(String)],
    [
      'a list of amounts',
      fc.array(fc.integer({ min: -999_999_999, max: 999_999_999 })).map((amounts) => JSON.stringify(amounts)),
    ],
    ['a position', fc.tuple(fc.nat(15), fc.integer({ min: 0, max: 999_999_999_999 })).map((parts) => parts.join(':'))],
    [
      'an id of Stripe',
      fc
        .tuple(
          fc.constantFrom('pi_', 'pm_1', 'cus_', 'evt_3'),
          fc.string({
            unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'),
            minLength: 24,
            maxLength: 24,
          }),
        )
        .map((parts) => parts.join('')),
    ],
    ['a digest, a span or a trace', fc.oneof(hex(16), hex(32), hex(40), hex(64))],
    ['a trace parent', fc.tuple(hex(32), hex(16)).map(([trace, span]) => `00-${trace}-${span}-01`)],
    ['a fraction', fc.double({ min: 0, max: 99_999, noNaN: true }).map(String)],
    [
      'random bytes in base64',
      fc
        .uint8Array({ minLength: 16, maxLength: 400 })
        .map((bytes) => `v1.3.${Buffer.from(bytes).toString('base64url')}`),
    ],
  ])('%s survives, by itself and in a line', (_, texts) => {
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        alone(one);
        const value = { one, list: [one, { deep: other }], [other]: 1 };
        expect(JSON.parse(lineOf(value))).toMatchObject(value);
      }),
      { numRuns: 1_000 },
    );
  });

  it('survives behind other numbers', () => {
    for (let at = 0; at < 5_000; at += 1) alone(`shard 3 ${randomUUID()} 42`);
  });

  it('is a number with a wrong check digit, of no issuer, too short or too long', () => {
    for (const text of [
      '4242424242424241',
      '9242424242424248',
      '424242424242',
      '42424242424242424242',
      '0.4242424242424242',
    ])
      alone(text);
  });
});
