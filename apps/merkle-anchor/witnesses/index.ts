export { WitnessAbsent, WitnessedFork, WitnessesMissing } from './errors.js';
export type { AbsenceReason } from './errors.js';
export { witnessMetrics } from './metrics.js';
export type { WitnessObserver } from './observer.js';
export { openWitnesses } from './open-witnesses.js';
export type { OpenWitnessesOptions, OpenedWitnesses } from './open-witnesses.js';
