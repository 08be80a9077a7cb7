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
