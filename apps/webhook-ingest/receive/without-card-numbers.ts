import { holdsCardNumber, scrubCardNumbers } from '#platform/logging';

/**
 * An event's body as it is kept. The processor sends no card numbers, but the free texts of its objects are their owners': what looks like
 * one there is replaced, since nothing of ours is made of it, and the event is applied as any other, since money has moved. Every other
 * body stays byte for byte.
 */
export const withoutCardNumbers = (body: Buffer): Buffer => {
  const text = body.toString();
  const isPlain = !text.includes('\\u');
  if (isPlain && !holdsCardNumber(text)) return body;
  const value: unknown = JSON.parse(text);
  if (!isPlain && !holdsCardNumber(JSON.stringify(value))) return body;
  // What is left once each value is without one, is split over several texts.
  return Buffer.from(scrubCardNumbers(JSON.stringify(scrubbed(value))));
};

const scrubbed = (value: unknown): unknown => {
  if (typeof value === 'string') return scrubCardNumbers(value);
  if (typeof value === 'number') return holdsCardNumber(String(value)) ? scrubCardNumbers(String(value)) : value;
  if (Array.isArray(value)) return value.map(scrubbed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [scrubCardNumbers(name), scrubbed(each)]));
};
