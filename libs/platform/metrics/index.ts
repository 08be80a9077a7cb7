import { Registry, collectDefaultMetrics } from 'prom-client';

import { scrubCardNumbers } from '../logging/index.js';

export { Counter, Gauge, Histogram } from 'prom-client';
export type { Registry } from 'prom-client';

/**
 * The Prometheus registry of one app, with the usual process metrics, every series labelled with the app. No label that it tells holds
 * a card number, whatever somebody put into one.
 */
export const createMetrics = (app: string): Registry => {
  const registry = new Registry();
  registry.setDefaultLabels({ app });
  collectDefaultMetrics({ register: registry });
  const told = registry.metrics.bind(registry);
  registry.metrics = async () => (await told()).replace(labels, scrubCardNumbers);
  return registry;
};

/** Of each series in the text format of Prometheus; the value behind them is a number and stays one. */
const labels = /\{.*\}/g;
