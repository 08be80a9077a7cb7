import type { Dispute } from '#domain/payment';
import { disputeStatusOf, evolve, initialPayment } from '#domain/payment';

import { foldedReadModel } from '../tables/folded-table.js';
import type { Place, ProjectedEvent, ReadModel } from '../tables/read-model.js';
import { idInStream } from '../tables/stream-ids.js';
import type { DisputeEvent, ShownDispute } from './fold.js';
import { isAboutDispute, timesWith } from './fold.js';

const paymentIdOf = idInStream('payment');

/** Absent before the first event that names the dispute. */
type RowState = ShownDispute | null;

const disputeIdOf = ({ event }: ProjectedEvent): string | undefined =>
  isAboutDispute(event) ? event.disputeId : undefined;

const currencyOf = (event: DisputeEvent): string => ('currency' in event ? event.currency : '');

/** Folds as the payment would: only a payment's `disputes` say how the reports about a dispute join. */
const evolveDispute = (before: RowState, recorded: ProjectedEvent): ShownDispute => {
  const event = recorded.event as DisputeEvent;
  const { disputeId } = event;
  const disputes = before ? { [disputeId]: before.dispute } : {};
  const dispute = evolve({ ...initialPayment, disputes }, event).disputes[disputeId] as Dispute;
  return {
    paymentId: String(paymentIdOf(recorded)),
    // Evidence names no currency, but what it answers did.
    currency: before?.currency ?? currencyOf(event),
    times: timesWith(before?.times, event),
    dispute,
  };
};

/** rm_dispute: every dispute, listed by payment, status and time. */
export const disputesReadModel = (place: Place = 'live'): ReadModel =>
  foldedReadModel<RowState>(
    {
      name: 'disputes',
      table: 'rm_dispute',
      id: 'dispute_id',
      idOf: disputeIdOf,
      wholeStream: false,
      initial: null,
      evolve: evolveDispute,
      columns: [
        { name: 'payment_id', type: 'uuid', of: (state) => (state as ShownDispute).paymentId },
        { name: 'status', type: 'text', of: (state) => disputeStatusOf((state as ShownDispute).dispute) },
        { name: 'created_at', type: 'timestamptz', of: (state) => (state as ShownDispute).times.createdAt },
      ],
    },
    place,
  );
