import type { Registry } from '#platform/metrics';
import { Counter, Gauge } from '#platform/metrics';

import type { WitnessObserver } from './observer.js';

/** Tells a registry what the witnesses did. Their names come from the policy, so there are few of them. */
export const witnessMetrics = (registry: Registry): WitnessObserver => {
  const registers = [registry];
  const answers = new Counter<'witness' | 'outcome'>({
    name: 'billing_audit_witness_answers_total',
    help: 'Checkpoints that a witness was asked to cosign, by what came of it: cosigned, forked, or why it was absent',
    labelNames: ['witness', 'outcome'],
    registers,
  });
  const lastSize = new Gauge<'witness'>({
    name: 'billing_audit_witness_size',
    help: 'Leaves of the last checkpoint that the witness cosigned since the start',
    labelNames: ['witness'],
    registers,
  });
  return {
    cosigned: (witness, size) => {
      answers.inc({ witness, outcome: 'cosigned' });
      lastSize.set({ witness }, size);
    },
    absent: (witness, { reason }) => {
      answers.inc({ witness, outcome: reason });
    },
    forked: (witness) => {
      answers.inc({ witness, outcome: 'forked' });
    },
  };
};
