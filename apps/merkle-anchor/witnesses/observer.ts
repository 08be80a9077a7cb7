import type { WitnessAbsent, WitnessedFork } from './errors.js';

/** Is told what each witness did with each checkpoint. */
export interface WitnessObserver {
  /** It cosigned. `size`: leaves of the checkpoint. */
  cosigned(witness: string, size: number): void;
  /** It did not, and is asked again with the next checkpoint. */
  absent(witness: string, error: WitnessAbsent): void;
  /** It has seen another tree. */
  forked(witness: string, error: WitnessedFork): void;
}
