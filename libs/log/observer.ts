import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import { Counter } from '#platform/metrics';

import type { LogObserver } from './port.js';

/** Tells an app's logger and metrics what happens to its readers of the log. */
export const logObserver = (logger: Logger, metrics: Registry): LogObserver => {
  const incidents = new Counter({
    name: 'billing_log_incidents_total',
    help: 'Events set aside as dead letters or digested after all, records in Kafka that the relay did not write, positions missing there.',
    labelNames: ['incident'],
    registers: [metrics],
  });
  return {
    warn: (message, context) => {
      logger.warn(context, message);
    },
    count: (incident, amount) => {
      incidents.inc({ incident }, amount);
    },
  };
};
