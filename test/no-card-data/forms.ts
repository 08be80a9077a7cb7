import { inFours, stripeTestCards } from '../../libs/platform/logging/testing/card-numbers.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** The ways to write a card number into a text. */
export const forms: Record<string, (number: string) => string> = {
  plain: (number) => number,
  spaced: (number) => inFours(number),
  dashed: (number) => inFours(number, '-'),
  'in a word': (number) => `order_${number}`,
  'in words': (number) => `of card ${inFours(number)}, please`,
  'base64 of JSON': (number) => base64(JSON.stringify({ card: { number: inFours(number) } })),
  'base64url of JSON': (number) => base64url(JSON.stringify([number])),
};

/** The ways to put one into a body beside its own fields: in values of every type, in names, deep, and split. */
export const bodies: Record<string, (number: string, body: object) => unknown> = {
  'another field': (number, body) => ({ ...body, cardNumber: number }),
  'a name': (number, body) => ({ ...body, [inFours(number, '-')]: true }),
  'a number': (number, body) => `{"n":${number},${JSON.stringify(body).slice(1)}`.replace(',}', '}'),
  'a number with an exponent': (number, body) => JSON.stringify({ ...body, n: 0 }).replace('"n":0', `"n":${number}e0`),
  nested: (number, body) => ({ ...body, card: { deep: [{ er: [inFours(number)] }] } }),
  'nested names': (number, body) => ({ ...body, metadata: [{ [number]: { [inFours(number)]: 1 } }] }),
  'JSON in JSON': (number, body) => ({ ...body, json: JSON.stringify({ inner: JSON.stringify({ number }) }) }),
  'escaped digits': (number, body) =>
    JSON.stringify({ ...body, n: '#' }).replace('#', [...number].map((digit) => `\\u003${digit}`).join('')),
  'wide digits': (number, body) => ({
    ...body,
    n: [...number].map((digit) => String.fromCodePoint(0xff10 + Number(digit))).join(''),
  }),
  'split over fields': (number, body) => {
    const parts = inFours(number).split(' ');
    return { ...Object.fromEntries(parts.map((part, at) => [`part${at}`, part])), ...body };
  },
  'split over a list': (number, body) => ({ ...body, parts: inFours(number).split(' ') }),
  'no JSON': (number) => `{"number": ${inFours(number)}`,
};

/** One number after the other, in each round one further on, so that every number comes to be written in every form and into many places. */
export const numbers = (): (() => string) => {
  const count = stripeTestCards.length;
  let at = 0;
  return () => {
    const number = stripeTestCards[(at + Math.floor(at / count)) % count] ?? '';
    at += 1;
    return number;
  };
};
