import { driftRules } from '#domain';
import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { Counter } from '#platform/metrics';

/** A fact that broke what we believed, just recorded. */
export interface RecordedDrift {
  tenantId: string;
  streamId: string;
  /** What does not hold: a DriftRule. */
  rule: string;
  /** Type of the event that reports the fact. */
  fact: string;
}

/** Told of each drift once, when it is durable. Must not throw. */
export type DriftObserver = (drift: RecordedDrift) => void;

/** Tells an app's logger and metrics of drift, which a person has to look at. */
export const driftObserver = (logger: Logger, registry: Registry): DriftObserver => {
  const detected = new Counter({
    name: 'billing_drift_detected_total',
    help: 'Facts recorded that broke what was believed, by the rule that does not hold',
    labelNames: ['rule'],
    registers: [registry],
  });
  // From zero on, so that the first one is an increase.
  for (const rule of driftRules) detected.inc({ rule }, 0);
  return ({ tenantId, streamId, rule, fact }) => {
    detected.inc({ rule });
    logger.error({ tenantId, streamId, rule, fact }, 'a recorded fact broke what was believed');
  };
};
