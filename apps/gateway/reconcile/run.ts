/** One comparison of a window of time, in the hands of this gateway. */
export interface Run {
  runId: string;
  window: { from: Date; to: Date };
  /** Where to go on. */
  place: Place;
  /** How often it was taken up: tells an owner who was overtaken from the present one. */
  takes: number;
  /** How often it was taken up since it last got further. */
  stuck: number;
}

/** A place in a run: the pass, the step of it, and how far within the step, in that step's own words. */
export interface Place {
  pass: number;
  step: number;
  within: string | undefined;
}

export type FoundObject = 'payment' | 'refund' | 'dispute' | 'settlement' | 'payout' | 'account' | 'event' | 'balance';

/** One thing in which the processor and we do not say the same. Amounts are minor units of `currency`. */
export interface Difference {
  /**
   * `missing_here`: the processor has it, we do not. `missing_there`: the other way round. `undelivered`: an event that never reached
   * us. `unreadable`: it could not be compared.
   */
  finding: 'missing_here' | 'missing_there' | 'differs' | 'undelivered' | 'unreadable';
  object: FoundObject;
  /** What about it, such as `captured`; or why, such as `tenant_unknown`. A stable word. */
  aspect: string;
  objectId?: string;
  processorId: string;
  ours?: string | number;
  theirs?: string | number;
  currency?: string;
}

/** A difference, and what became of it: put right by the facts that were missing, or left for a person. */
export interface Finding extends Difference {
  outcome: 'repaired' | 'drift';
  /** Undefined where nobody can be told to own it. */
  tenantId: string | undefined;
}
