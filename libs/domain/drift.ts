/**
 * What can turn out not to hold, in words that are a storage format and labels of a metric: add, never rename. `amount_differs` and
 * its like: the processor reports another value than the one recorded for the same object, which stands.
 */
export const driftRules = [
  'amount_differs',
  'charge_differs',
  'currency_differs',
  'account_differs',
  'customer_registered_twice',
  'attempt_not_requested',
  'authorized_twice',
  'success_after_failure',
  'capture_not_requested',
  'captured_exceeds_authorized',
  'captured_twice',
  'captured_and_canceled',
  'refund_not_requested',
  'refunded_exceeds_captured',
  'dispute_outcome_contradicted',
  'dispute_funds_contradict_outcome',
  'settlement_unbalanced',
  'paid_out_twice',
] as const;

export type DriftRule = (typeof driftRules)[number];

/**
 * A recorded fact that broke what we believed. It follows that fact in the stream, raises an alert and changes no state
 * but the memory of contradictory amounts. The name is a storage format.
 */
export interface DriftDetected {
  type: 'DriftDetected';
  /** Type of the event that reports the fact. */
  fact: string;
  /** The invariant that does not hold, a stable snake_case word such as `captured_twice`. */
  rule: string;
  /** Ids, and amounts in minor units. No personal data. */
  details: Record<string, string | number>;
  at: string;
}
