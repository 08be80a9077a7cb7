import type Stripe from 'stripe';

import { LookupRefused, OutcomeUnknown } from '../errors.js';
import { balancesOf } from './balance.js';
import { Calls } from './calls.js';
import { Unreadable } from './fields.js';
import type { Page } from './listing.js';
import { collected, listed } from './listing.js';

const calls = new Calls(1_000);

/** A listing of so many objects, numbered; every page that was asked for is noted. */
const server = (size: number) => {
  const asked: Page[] = [];
  const fetchPage = (page: Page): Promise<Stripe.ApiList<{ id: string }>> => {
    asked.push(page);
    const first = Number(page.starting_after ?? -1) + 1;
    const data = Array.from({ length: Math.min(page.limit, size - first) }, (_, index) => ({
      id: String(first + index),
    }));
    return Promise.resolve({ object: 'list', data, has_more: first + data.length < size, url: '' });
  };
  return { asked, fetchPage };
};

const numbers = (fetchPage: (page: Page) => Promise<Stripe.ApiList<{ id: string }>>) =>
  listed(calls, fetchPage, ({ id }) => Number(id));

describe('a listing', () => {
  it.each([
    [0, 1],
    [1, 1],
    [100, 1],
    [101, 2],
    [350, 4],
  ])('of %i objects takes %i pages and leaves nothing out', async (size, pages) => {
    const { asked, fetchPage } = server(size);
    expect(await collected(numbers(fetchPage))).toEqual(Array.from({ length: size }, (_, index) => index));
    expect(asked).toHaveLength(pages);
  });

  it('asks for a page only when the one before has been taken', async () => {
    const { asked, fetchPage } = server(1_000);
    for await (const number of numbers(fetchPage)) if (number === 100) break;
    expect(asked).toEqual([{ limit: 100 }, { limit: 100, starting_after: '99' }]);
  });

  it('has an end: one that goes on for ever is refused, and not cut off in silence', async () => {
    let count = 0;
    const endless = async () => {
      for await (const _ of numbers(server(Infinity).fetchPage)) count += 1;
    };
    await expect(endless()).rejects.toThrow(new LookupRefused('listing_too_long'));
    expect(count).toBe(100_000);
  });

  it('gives up on a page that never comes', async () => {
    const silent = listed(new Calls(20), () => new Promise<never>(() => undefined), String);
    await expect(collected(silent)).rejects.toThrow(OutcomeUnknown);
  });
});

describe('an answer of a form that this release does not know', () => {
  const unreadable = () => {
    throw new Unreadable('dispute.status');
  };

  it('leaves an operation unknown, for it was executed', async () => {
    await expect(calls.operation(Promise.resolve({}), unreadable)).rejects.toMatchObject({
      reason: 'unreadable_answer',
      options: { stored: false },
    });
  });
  it('refuses a look-up', async () => {
    await expect(calls.lookup(Promise.resolve({}), unreadable)).rejects.toThrow(new LookupRefused('unreadable_answer'));
  });
  it('is not taken for a bug of ours, nor a bug for it', async () => {
    const bug = new TypeError('undefined is not a function');
    const broken = () => {
      throw bug;
    };
    await expect(calls.operation(Promise.resolve({}), broken)).rejects.toBe(bug);
    await expect(calls.lookup(Promise.resolve({}), broken)).rejects.toBe(bug);
  });
});

it('a balance has a line for every currency that is available or pending', () => {
  expect(
    balancesOf({
      available: [
        { amount: 100, currency: 'usd' },
        { amount: 5, currency: 'usd' },
      ],
      pending: [
        { amount: -30, currency: 'usd' },
        { amount: 7, currency: 'eur' },
      ],
    }),
  ).toEqual([
    { currency: 'eur', available: 0, pending: 7 },
    { currency: 'usd', available: 105, pending: -30 },
  ]);
});
