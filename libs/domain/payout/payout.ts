import type { DriftRule } from '../drift.js';
import { changed, further, joinInto, known } from '../join.js';
import type { PayoutCommand, RecordPayout } from './commands.js';
import type { PayoutBooked, PayoutEvent } from './events.js';

export type PayoutStage =
  { phase: 'unknown' } | { phase: 'in_transit' } | { phase: 'paid' } | { phase: 'failed'; code: string };

/** Failure outranks payment: a payout that was paid can fail later, and never the other way round. */
const rank: Readonly<Record<PayoutStage['phase'], number>> = { unknown: 0, in_transit: 1, paid: 2, failed: 3 };

export interface Payout {
  /** Empty until it is reported. */
  payoutId: string;
  processorPayoutId: string;
  processorAccountId: string;
  /** Minor units of `currency`, of the first report: the ledger holds it. */
  amount: number;
  currency: string;
  /** The latest that was told. */
  arrivesOn: string;
  stage: PayoutStage;
  /** Amounts and ids that contradict the recorded ones and were flagged already, as `rule:reported`. */
  contradictions: Readonly<Record<string, true>>;
}

export const initialPayout: Payout = {
  payoutId: '',
  processorPayoutId: '',
  processorAccountId: '',
  amount: 0,
  currency: '',
  arrivesOn: '',
  stage: { phase: 'unknown' },
  contradictions: {},
};

const stageOf = (event: Exclude<PayoutEvent, { type: 'DriftDetected' }>): PayoutStage => {
  switch (event.type) {
    case 'PayoutReported':
      return { phase: 'in_transit' };
    case 'PayoutPaid':
      return { phase: 'paid' };
    case 'PayoutFailed':
      return { phase: 'failed', code: event.code };
  }
};

/** Joins a report into the payout: the first one says what it is, each one how far it has come. */
const joined = (payout: Payout, told: Omit<Payout, 'contradictions'>): Payout => {
  const { stage, arrivesOn, ...terms } = told;
  return changed(payout.payoutId === '' ? { ...payout, ...terms } : payout, {
    stage: further<PayoutStage>(rank, payout.stage, stage),
    arrivesOn: known(payout.arrivesOn, arrivesOn) ?? '',
  });
};

const contradictionKey = (rule: string, reported: string | number): string => `${rule}:${reported}`;

/** Folds one event into the payout. Gives back the same object when it says nothing new. */
export const evolvePayout = (payout: Payout, event: PayoutEvent): Payout => {
  if (event.type === 'DriftDetected') {
    const key = contradictionKey(event.rule, String(event.details.reported));
    return changed(payout, { contradictions: joinInto(payout.contradictions, key, true as const, (first) => first) });
  }
  const { payoutId, processorPayoutId, processorAccountId, amount, currency, arrivesOn } = event;
  const terms = { payoutId, processorPayoutId, processorAccountId, amount, currency, arrivesOn };
  return joined(payout, { ...terms, stage: stageOf(event) });
};

export const foldPayout = (events: Iterable<PayoutEvent>): Payout => {
  let payout = initialPayout;
  for (const event of events) payout = evolvePayout(payout, event);
  return payout;
};

/** What the ledger holds for the payout. */
export const payoutBooked = ({ stage }: Payout): PayoutBooked =>
  stage.phase === 'in_transit' || stage.phase === 'paid' ? stage.phase : 'nothing';

/** The event that tells how far the payout has come, which a stale report does not change. */
const eventOf = (payout: Payout, booked: PayoutBooked, at: string): PayoutEvent => {
  const { stage, contradictions: _, ...terms } = payout;
  if (stage.phase === 'failed') return { type: 'PayoutFailed', ...terms, code: stage.code, reverses: booked, at };
  return { type: stage.phase === 'paid' ? 'PayoutPaid' : 'PayoutReported', ...terms, booked, at };
};

/**
 * Flags, once, what contradicts the first report, which stands: another amount, or another payout at the processor that bears our id,
 * so that somebody was paid twice.
 */
const differences = (payout: Payout, fact: RecordPayout, recorded: PayoutEvent['type']): PayoutEvent[] =>
  (
    [
      ['amount_differs', payout.amount, fact.amount],
      ['currency_differs', payout.currency, fact.currency],
      ['account_differs', payout.processorAccountId, fact.processorAccountId],
      ['paid_out_twice', payout.processorPayoutId, fact.processorPayoutId],
    ] as const satisfies readonly (readonly [DriftRule, ...unknown[]])[]
  )
    .filter(([rule, told, reported]) => told !== reported && !payout.contradictions[contradictionKey(rule, reported)])
    .map(([rule, told, reported]) => {
      const details = { id: payout.payoutId, recorded: told, reported };
      return { type: 'DriftDetected', fact: recorded, rule, details, at: fact.at };
    });

/** Records how a payout stands: once, in whatever order reports come. The first report begins the stream. */
export const recordPayout = (fact: RecordPayout, payout: Payout): PayoutEvent[] => {
  const { payoutId, processorPayoutId, processorAccountId, amount, currency, arrivesOn, outcome, at } = fact;
  const terms = { payoutId, processorPayoutId, processorAccountId, amount, currency, arrivesOn };
  const stage: PayoutStage =
    outcome.phase === 'failed' ? { phase: 'failed', code: outcome.code } : { phase: outcome.phase };
  const next = joined(payout, { ...terms, stage });
  const event = eventOf(next, payoutBooked(payout), at);
  return [...(next === payout ? [] : [event]), ...differences(next, fact, event.type)];
};

/** Decides any command of the payout. */
export const decidePayout = (command: PayoutCommand, payout: Payout): PayoutEvent[] => recordPayout(command, payout);
