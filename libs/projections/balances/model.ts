import type { BillingEvent } from '#domain';
import type { Posting } from '#domain/ledger';
import { postingsOf } from '#domain/ledger';

import type { Place, ProjectedEvent, ReadModel } from '../tables/read-model.js';
import { relationOf } from '../tables/read-model.js';
import type { Addition } from '../tables/summed-table.js';
import { Sums } from '../tables/summed-table.js';

/** Raised for an event whose postings do not sum to zero in each currency: booking it would break the books. */
export class UnbalancedPostings extends Error {
  constructor({ type, eventId }: ProjectedEvent) {
    super(`the postings of ${type} ${eventId} do not sum to zero`);
    this.name = 'UnbalancedPostings';
  }
}

const balancedPostingsOf = (recorded: ProjectedEvent): Posting[] => {
  const postings = postingsOf(recorded.event as BillingEvent);
  for (const { currency } of postings) {
    let sum = 0;
    for (const posting of postings) if (posting.currency === currency) sum += posting.amount;
    if (sum !== 0) throw new UnbalancedPostings(recorded);
  }
  return postings;
};

/** rm_balance: double-entry balances by currency and account. rm_settlement: settled money by the time it becomes available. */
export const balancesReadModel = (place: Place = 'live'): ReadModel => {
  const balances = new Sums(
    {
      table: 'rm_balance',
      key: [
        { name: 'currency', type: 'text' },
        { name: 'account', type: 'text' },
      ],
    },
    place,
  );
  const settlements = new Sums(
    {
      table: 'rm_settlement',
      key: [
        { name: 'currency', type: 'text' },
        { name: 'available_on', type: 'timestamptz' },
      ],
    },
    place,
  );
  return {
    name: 'balances',
    tables: [balances.described, settlements.described],
    committed: () => undefined,
    forget: () => undefined,
    // Of events that were removed after their retention; what they had settled has long been available.
    begin: async (client) => {
      await client.query(
        `insert into ${relationOf('rm_balance', place)} (tenant_id, currency, account, amount)
        select tenant_id, currency, account, amount from billing.balance_brought_forward`,
      );
    },
    apply: async (events, client) => {
      const booked: Addition[] = [];
      const settled: Addition[] = [];
      for (const event of events) {
        const { tenantId } = event;
        for (const { currency, account, amount, availableOn } of balancedPostingsOf(event)) {
          booked.push({ tenantId, key: [currency, account], amount });
          if (availableOn !== undefined) {
            settled.push({ tenantId, key: [currency, new Date(availableOn).toISOString()], amount });
          }
        }
      }
      await balances.add(booked, client);
      await settlements.add(settled, client);
    },
  };
};
