import { parseStreamId } from '#contracts';
import { allShards } from '#event-store';
import { payments } from '#command-handling/facts';
import type { Processor } from '#processor';

import { compareBalances } from './balances.js';
import type { Comparison } from './comparison.js';
import { inParallel } from './in-parallel.js';
import { linkedAccounts } from './owners.js';
import { touchedStreams } from './own-log.js';
import { PaymentComparison } from './payments.js';
import { PayoutComparison } from './payouts.js';
import type { FoundObject } from './run.js';
import { sliceCount, sliceOf } from './slices.js';
import type { Window } from './slices.js';
import { takeInUndelivered } from './undelivered.js';

/** What the passes of a run share. */
export interface Work {
  comparison: Comparison;
  payments: PaymentComparison;
  payouts: PayoutComparison;
  window: Window;
}

export const workOf = (comparison: Comparison): Work => ({
  comparison,
  payments: new PaymentComparison(comparison),
  payouts: new PayoutComparison(comparison),
  window: comparison.run.window,
});

/** A part of a run, itself in steps. A step may be repeated: a run goes on at the step that was begun. */
export interface Pass {
  /** What it lists. */
  object: FoundObject;
  /** How many steps it has. */
  steps(window: Window): number;
  run(work: Work, step: number): Promise<void>;
}

/** Objects that are compared at the same time. */
const atOnce = 8;

/** Everything listed of one slice of the window after the other. */
const sliced = (object: FoundObject, run: (work: Work, slice: Window) => Promise<void>): Pass => ({
  object,
  steps: sliceCount,
  run: (work, step) => run(work, sliceOf(work.window, step)),
});

const listedPayments = sliced('payment', ({ comparison, payments: compared }, slice) =>
  inParallel(
    comparison.list((processor) => processor.listPayments(slice)),
    atOnce,
    ({ processorPaymentId }) => compared.compare(processorPaymentId),
  ),
);

/** A refund or dispute of the window may be of an older payment: that one is compared as a whole. */
const paymentsOf = (
  object: FoundObject,
  list: (processor: Processor, slice: Window) => AsyncIterable<{ processorPaymentId: string | undefined }>,
): Pass =>
  sliced(object, (work, slice) =>
    inParallel(
      work.comparison.list((processor) => list(processor, slice)),
      atOnce,
      async ({ processorPaymentId }) => {
        if (processorPaymentId !== undefined) await work.payments.compare(processorPaymentId);
      },
    ),
  );

const refundedPayments = paymentsOf('refund', (processor, slice) => processor.listRefunds(slice));
const disputedPayments = paymentsOf('dispute', (processor, slice) => processor.listDisputes(slice));

/** One linked account after the other, each with what happened on it. */
const accounts: Pass = {
  object: 'account',
  steps: () => 1,
  async run({ comparison, payouts, window }) {
    for await (const account of linkedAccounts(comparison.office.pool, comparison.within)) {
      const about = { object: 'account', processorId: account.processorAccountId, ...account } as const;
      await comparison.attempt(about, async () => {
        await payouts.compareAccount(account, window);
        await takeInUndelivered(comparison, window, account.processorAccountId);
      });
      await comparison.reached(account.processorAccountId);
    }
  },
};

/** What our own log says of the window: all of it should be known to the processor. */
const ownLog: Pass = {
  object: 'payment',
  steps: () => allShards.length,
  async run(work, shard) {
    const { comparison, window } = work;
    for await (const { streams, upTo } of touchedStreams(comparison.office.pool, shard, window, comparison.within)) {
      await inParallel(streams, atOnce, async ({ tenantId, streamId }) => {
        const { aggregate, id } = parseStreamId(streamId);
        const object = aggregate === 'payout' ? 'payout' : 'payment';
        await comparison.attempt({ object, processorId: streamId, objectId: id, tenantId }, async () => {
          if (object === 'payout') await work.payouts.compareOwn({ tenantId, streamId }, window);
          else await ownPayment(work, { tenantId, shard, streamId }, id);
        });
      });
      await comparison.reached(String(upTo));
    }
  },
};

const ownPayment = async (
  work: Work,
  place: { tenantId: string; shard: number; streamId: string },
  objectId: string,
): Promise<void> => {
  const { state } = await work.comparison.office.desk.streams.load(payments, place);
  for (const { processorPaymentId } of Object.values(state.attempts)) {
    if (processorPaymentId === undefined) continue;
    await work.payments.compare(processorPaymentId, { tenantId: place.tenantId, objectId });
  }
};

const undeliveredEvents = sliced('event', ({ comparison }, slice) => takeInUndelivered(comparison, slice));

const balances: Pass = { object: 'balance', steps: () => 1, run: ({ comparison }) => compareBalances(comparison) };

/** The passes of a run, in their order, which the table of runs remembers by number: change it and begun runs go on elsewhere. */
export const passes: readonly Pass[] = [
  listedPayments,
  refundedPayments,
  disputedPayments,
  accounts,
  ownLog,
  undeliveredEvents,
  balances,
];
