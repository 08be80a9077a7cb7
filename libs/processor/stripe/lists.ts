import type Stripe from 'stripe';

import type { Claim, ProcessorPayout } from '../objects.js';
import type { CreatedWithin, ListedEvent } from '../port.js';
import type { Calls } from './calls.js';
import { claimOf } from './claim.js';
import { readHead } from './events/head.js';
import { Fields, Unreadable } from './fields.js';
import { listed, within } from './listing.js';
import { payoutOf } from './payout.js';

/** What reconciliation lists: everything made within a window. Rejects as `listed` does. */
export class Lists {
  readonly #stripe: Stripe;
  readonly #calls: Calls;

  constructor(stripe: Stripe, calls: Calls) {
    this.#stripe = stripe;
    this.#calls = calls;
  }

  payments(created: CreatedWithin): AsyncIterable<{ processorPaymentId: string; claim: Claim }> {
    return listed(
      this.#calls,
      (page) => this.#stripe.paymentIntents.list({ ...page, created: within(created) }),
      (intent) => {
        const fields = new Fields(intent, 'payment_intent');
        return { processorPaymentId: intent.id, claim: claimOf(fields, fields.maybeId('customer')) };
      },
    );
  }

  payouts(created: CreatedWithin, account?: string): AsyncIterable<{ payout: ProcessorPayout; claim: Claim }> {
    return listed(
      this.#calls,
      (page) => this.#stripe.payouts.list({ ...page, created: within(created) }, onBehalfOf(account)),
      (payout) => {
        const fields = new Fields(payout, 'payout');
        return { payout: payoutOf(fields), claim: claimOf(fields) };
      },
    );
  }

  refunds(
    created: CreatedWithin,
  ): AsyncIterable<{ processorRefundId: string; processorPaymentId: string | undefined }> {
    return listed(
      this.#calls,
      (page) => this.#stripe.refunds.list({ ...page, created: within(created) }),
      (refund) => ({ processorRefundId: refund.id, processorPaymentId: paymentIdOf(refund) }),
    );
  }

  disputes(
    created: CreatedWithin,
  ): AsyncIterable<{ processorDisputeId: string; processorPaymentId: string | undefined }> {
    return listed(
      this.#calls,
      (page) => this.#stripe.disputes.list({ ...page, created: within(created) }),
      (dispute) => ({ processorDisputeId: dispute.id, processorPaymentId: paymentIdOf(dispute) }),
    );
  }

  events(created: CreatedWithin, account?: string): AsyncIterable<ListedEvent> {
    return listed(
      this.#calls,
      (page) => this.#stripe.events.list({ ...page, created: within(created) }, onBehalfOf(account)),
      (event) => eventOf(event, account),
    );
  }
}

const onBehalfOf = (account: string | undefined): Stripe.RequestOptions =>
  account === undefined ? {} : { stripeAccount: account };

const paymentIdOf = (object: Pick<Stripe.Refund | Stripe.Dispute, 'payment_intent'>): string | undefined =>
  new Fields(object, 'listed').maybeId('payment_intent');

/** A listed event names no account: whoever lists has. A delivered one does, and this stands for it. */
const eventOf = (event: Stripe.Event, account: string | undefined): ListedEvent => {
  const body = JSON.stringify(account === undefined ? event : { ...event, account });
  const head = readHead(body);
  if (!head) throw new Unreadable('event');
  return { head, body };
};
