import type { AnchorObserver } from '../observer.js';

/** Notes what an anchor tells, and prints nothing. */
export class SilentObserver implements AnchorObserver {
  readonly failures: unknown[] = [];
  readonly warnings: string[] = [];

  sealed(): void {
    // the log itself is looked at
  }

  published(): void {
    // the log itself is looked at
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }

  anchorFailed(): void {
    // told by `failed` too
  }

  stopped(): void {
    // its standing is looked at
  }

  warn(message: string): void {
    this.warnings.push(message);
  }
}
