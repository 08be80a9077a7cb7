import type Stripe from 'stripe';

import type { Found } from '../port.js';

/** Objects looked at in one listing at most. */
const maxListed = 2_000;

/** The first object whose metadata holds all of `wanted`. Pages are fetched as they are needed, within a bound. */
export const findIn = async <T extends { metadata: Stripe.Metadata | null }>(
  list: AsyncIterable<T>,
  wanted: Record<string, string>,
): Promise<Found<T>> => {
  let listed = 0;
  for await (const item of list) {
    if (Object.entries(wanted).every(([key, value]) => item.metadata?.[key] === value)) return { found: item };
    listed += 1;
    if (listed >= maxListed) return 'inconclusive';
  }
  return 'absent';
};
