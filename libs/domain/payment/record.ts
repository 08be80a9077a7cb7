import type { DriftRule } from '../drift.js';
import { contradictionKey, evolve } from './evolve.js';
import type { PaymentEvent } from './events.js';
import { driftOf } from './invariants.js';
import { PaymentNotFound } from './refusals.js';
import type { Payment } from './state.js';
import { releasedBy } from './views.js';

/** Throws PaymentNotFound unless the payment was created. */
export const assertExists = (payment: Payment): void => {
  if (payment.paymentId === '') throw new PaymentNotFound();
};

const releases = (before: Payment, after: Payment, at: string): PaymentEvent[] =>
  Object.values(after.attempts).flatMap(({ attempt }) => {
    const amount = releasedBy(after, attempt) - releasedBy(before, attempt);
    return amount > 0 ? [{ type: 'AuthorizationReleased', attempt, amount, at }] : [];
  });

/**
 * Records a fact, once: a repeat or a stale one says nothing new and gives []. What a final capture leaves is released, and
 * a broken invariant is flagged, by events that follow.
 */
export const record = (payment: Payment, event: PaymentEvent): PaymentEvent[] => {
  assertExists(payment);
  const after = evolve(payment, event);
  if (after === payment) return [];
  return [event, ...releases(payment, after, event.at), ...driftOf(payment, after, event)];
};

/** What two reports about one object can differ in: its amount, or the charge (the processor's payment) it belongs to. */
type Difference = Extract<DriftRule, 'amount_differs' | 'charge_differs'>;

/**
 * Flags, once, that the processor reports another value than the one recorded for the same object. The recorded one stands
 * in the ledger until a person has looked: `[]` when the two agree, or when this was flagged before.
 */
export const flagDifference = <T extends string | number>(
  payment: Payment,
  rule: Difference,
  fact: { type: PaymentEvent['type']; id: string; at: string },
  recorded: T | undefined,
  reported: T,
): PaymentEvent[] => {
  if (recorded === undefined || recorded === reported) return [];
  if (payment.contradictions[contradictionKey(fact.type, fact.id, reported)]) return [];
  const details = { id: fact.id, recorded, reported };
  return [{ type: 'DriftDetected', fact: fact.type, rule, details, at: fact.at }];
};
