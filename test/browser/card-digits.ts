/** Whether a text holds a card number, or a part of one that says whose card it is, however it is written. */

/** Eight digits in a row: more than the first six and the last four, which may be shown, have together in one place. */
const partLength = 8;
/** Of a part that is almost all zeros nobody could tell whether it is a part of a card number, of an amount or of a time. */
const fewestOtherThanZero = 3;

const partsOf = (number: string): string[] => [
  number,
  ...[number.slice(0, partLength), number.slice(4, 4 + partLength), number.slice(-partLength)].filter(
    (part) => part.replaceAll('0', '').length >= fewestOtherThanZero,
  ),
];

/** The number in groups, as people and fields write it. */
const written = (number: string, separator: string): string => (number.match(/.{1,4}/g) ?? []).join(separator);

/** Base64 of a text stands in that of a longer one in three ways, by where it begins; these are the parts that are always the same. */
const base64Of = (text: string): string[] =>
  [0, 1, 2].map((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]);
    const whole = bytes.subarray(0, bytes.length - (bytes.length % 3));
    return whole.toString('base64').slice(shift === 0 ? 0 : 4);
  });

const encoded = (number: string): string[] =>
  [number, written(number, ' '), written(number, '-')].flatMap((text) => [
    ...base64Of(text),
    Buffer.from(text).toString('hex'),
    [...text].reverse().join(''),
  ]);

/** The numbers of which `text` holds a part, in digits with anything but letters and digits between them, or the whole, encoded. */
export const cardNumbersIn = (text: string, numbers: readonly string[]): string[] => {
  const digits = plain(text);
  return numbers.filter(
    (number) =>
      partsOf(number).some((part) => digits.includes(part)) || encoded(number).some((each) => text.includes(each)),
  );
};

const plain = (text: string): string => unescaped(text).replace(/[^0-9a-z]/gi, '');

/** With `%20` and the like, and `+`, as what they stand for. */
const unescaped = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
