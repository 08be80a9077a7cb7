import type { Payment, PaymentFact, RecordSettlement } from '#domain/payment';
import type { ProcessorPayment, ProcessorSettlement } from '#processor';

import { payments } from './aggregates.js';
import { capturesOf, isSettled, settlementFact, settlementMissing } from './settlement.js';
import type { Standing, Subject } from './subject.js';

/** The payment after facts, each decided on what the one before has left. */
const after = (state: Payment, facts: readonly PaymentFact[]): Payment =>
  facts.reduce(
    (before, fact) => payments.decide(fact, before).reduce((moved, event) => payments.evolve(moved, event), before),
    state,
  );

/** What a settlement settles, in the currency of the payment. */
const settledAmount = ({ gross, sourceAmount }: ProcessorSettlement): number => sourceAmount ?? gross;

/**
 * What is known of an attempt's settlements. A payment that was not looked up shows its charge's latest one alone, which is all
 * there is only where it is as much as was captured; with a conversion that cannot be seen, so there only if no other can be.
 */
const shownSettlements = (
  state: Payment,
  attempt: number,
  payment: ProcessorPayment,
): readonly ProcessorSettlement[] => {
  const { settlement, settlements, captured, currency } = payment;
  if (settlements || !settlement) return settlements ?? [];
  const isAll =
    settlement.currency === currency
      ? settlement.gross === captured
      : state.attempts[attempt]?.authorization?.multicapture !== true;
  return isAll ? [settlement] : [];
};

/**
 * The settlements that the stream does not have, each of the capture it belongs to: the first unsettled one of the same amount, or
 * else, once all that was captured is recorded, the next one in order. What fits none is the last capture's.
 */
const settlementFacts = ({ state, attempt }: Subject, payment: ProcessorPayment, at: string): RecordSettlement[] => {
  const captures = capturesOf(state, attempt);
  const isComplete = captures.reduce((sum, { amount }) => sum + amount, 0) >= payment.captured;
  const free = captures.filter(({ captureId }) => !isSettled(state, captureId));
  const take = (index: number): string | undefined => (index < 0 ? undefined : free.splice(index, 1)[0]?.captureId);
  const known = new Set(Object.keys(state.settlements));
  const unknown = shownSettlements(state, attempt, payment).filter(({ settlementId }) => !known.has(settlementId));
  const exact = unknown.map((settlement) => ({
    settlement,
    sourceId: take(free.findIndex(({ amount }) => amount === settledAmount(settlement))),
  }));
  return exact.flatMap(({ settlement, sourceId }) => {
    const belongsTo = sourceId ?? (isComplete ? (take(0) ?? captures.at(-1)?.captureId) : undefined);
    return belongsTo === undefined ? [] : [settlementFact('capture', belongsTo, settlement, at)];
  });
};

/** Adds what the captures of an attempt were settled with, as far as the payment shows it, and a wish for what is missing then. */
export const withSettlements = <S extends Standing>(
  standing: S,
  { state, attempt }: Subject,
  payment: ProcessorPayment,
  at: string,
): S => {
  const recorded = after(state, standing.facts);
  const settlements = settlementFacts({ state: recorded, attempt }, payment, at);
  const settlement = settlementMissing(after(recorded, settlements), attempt);
  return { ...standing, facts: [...standing.facts, ...settlements], ...(settlement && { settlement }) };
};
