import type { Logger } from '#platform/logging';
import type { Registry } from '#platform/metrics';
import type { Warnings } from '#platform/warnings';

import type { AnchorMetrics } from './metrics.js';
import type { AnchorObserver } from './observer.js';
import { operatorsWords } from './operators-words.js';
import type { WitnessObserver } from './witnesses/index.js';
import { witnessMetrics } from './witnesses/index.js';

/** While a warning is not said again for so long, it is over. */
const warnForMs = 120_000;

/** Tells logs, metrics and readiness what becomes of the anchor. What fails for long is logged at 1, 2, 4, 8, ... failures in a row. */
export const anchorObserver = (logger: Logger, metrics: AnchorMetrics, warnings: Warnings): AnchorObserver => ({
  sealed: (leaves) => {
    metrics.sealed(leaves);
  },
  published: (_head, oldest) => {
    metrics.published(oldest);
    warnings.set('audit_log_failing', undefined);
  },
  failed: (error, failures) => {
    metrics.failed();
    const words = operatorsWords(error, 'the audit log could not be sealed or published, and is tried again');
    warnings.set('audit_log_failing', words, warnForMs);
    if (Number.isInteger(Math.log2(failures)))
      logger.warn({ error: String(error), failures }, 'sealing the audit log failed and is tried again');
  },
  anchorFailed: (anchor, error) => {
    metrics.anchorFailed(anchor);
    logger.warn({ anchor, error: String(error) }, 'an anchor did not keep a checkpoint; it is not published yet');
  },
  stopped: (reason, message) => {
    logger.error({ reason }, message);
  },
  warn: (message, context) => {
    logger.warn(context, message);
  },
});

/** Tells what the witnesses do. A line for each change: a witness that stays away for days is one line, and a warning. */
export const witnessObserver = (registry: Registry, logger: Logger, warnings: Warnings): WitnessObserver => {
  const metrics = witnessMetrics(registry);
  const away = new Set<string>();
  return {
    cosigned: (witness, size) => {
      metrics.cosigned(witness, size);
      if (!away.delete(witness)) return;
      logger.info({ witness, size }, 'a witness cosigns again');
      if (away.size === 0) warnings.set('audit_witness_absent', undefined);
    },
    absent: (witness, error) => {
      metrics.absent(witness, error);
      warnings.set('audit_witness_absent', 'a witness of the audit log does not cosign: see its address', warnForMs);
      if (away.has(witness)) return;
      away.add(witness);
      logger.warn({ witness, reason: error.reason, error: error.message }, 'a witness did not cosign a checkpoint');
    },
    forked: (witness, error) => {
      metrics.forked(witness, error);
      logger.error({ witness }, error.message);
    },
  };
};
