import { derivedId } from '#contracts';
import type { RecordPayout } from '#domain/payout';
import type { ProcessorPayout } from '#processor';

/** A payout that nobody asked of us, for instance one of the processor's own schedule. Its id derives. */
export const foreignPayoutId = (tenantId: string, processorPayoutId: string): string =>
  derivedId(tenantId, `payout ${processorPayoutId}`);

const outcomeOf = ({ status, failureCode }: ProcessorPayout): RecordPayout['outcome'] => {
  switch (status) {
    case 'pending':
    case 'in_transit':
      return { phase: 'in_transit' };
    case 'paid':
      return { phase: 'paid' };
    case 'failed':
      return { phase: 'failed', code: failureCode ?? 'payout_failed' };
    case 'canceled':
      return { phase: 'failed', code: 'canceled' };
  }
};

/** What the processor's payout from a connected account, as it stands, says of ours. */
export const factsOfPayout = (
  { payoutId, processorAccountId }: { payoutId: string; processorAccountId: string },
  payout: ProcessorPayout,
  at: string,
): RecordPayout[] => {
  const { processorPayoutId, amount, currency, arrivesOn } = payout;
  const about = { payoutId, processorPayoutId, processorAccountId, amount, currency, arrivesOn };
  return [{ type: 'RecordPayout', ...about, outcome: outcomeOf(payout), at }];
};
