import type Stripe from 'stripe';

import { LookupRefused } from '../errors.js';
import type { CreatedWithin } from '../port.js';
import type { Calls } from './calls.js';

/** Objects in one listing at most: a window with more has to be listed in parts. */
const maxListed = 100_000;

/** The most that Stripe gives at once. */
const pageSize = 100;

export interface Page {
  limit: number;
  starting_after?: string;
}

/**
 * Everything that a listing of Stripe's holds, as `read` gives it, in Stripe's order: newest first. A page is fetched when the
 * one before it has been taken. Nothing where what was to be listed does not exist. Rejects like a look-up, and with LookupRefused
 * `listing_too_long` beyond 100,000 objects.
 */
export async function* listed<T extends { id: string }, V>(
  calls: Calls,
  fetchPage: (page: Page) => Promise<Stripe.ApiList<T>>,
  read: (item: T) => V,
): AsyncGenerator<V, void, undefined> {
  let after: string | undefined;
  for (let count = 0; count < maxListed; count += pageSize) {
    const page: Page = { limit: pageSize, ...(after !== undefined && { starting_after: after }) };
    const found = await calls.lookup(fetchPage(page), ({ data, has_more }) => ({
      values: data.map(read),
      next: has_more ? data.at(-1)?.id : undefined,
    }));
    if (!found) return;
    yield* found.values;
    if (found.next === undefined) return;
    after = found.next;
  }
  throw new LookupRefused('listing_too_long');
}

/** All of a listing at once, for one that is known to be short. */
export const collected = async <V>(list: AsyncIterable<V>): Promise<V[]> => {
  const values: V[] = [];
  for await (const value of list) values.push(value);
  return values;
};

/** The window as Stripe's range of Unix seconds. */
export const within = ({ from, to }: CreatedWithin): Stripe.RangeQueryParam => ({
  gte: Math.floor(from.getTime() / 1_000),
  lte: Math.ceil(to.getTime() / 1_000),
});
