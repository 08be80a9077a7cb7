import type { TreeHead } from '#audit';

import type { StopReason } from './stopped.js';

/** Whom the anchor tells what becomes of it: logs and metrics. Nothing of an event is ever told. */
export interface AnchorObserver {
  /** Steps with so many leaves are durable. */
  sealed(leaves: number): void;
  /** A checkpoint is published. `oldest`: when the oldest event was recorded that no checkpoint covered before; undefined: there was none. */
  published(head: TreeHead, oldest: string | undefined): void;
  /** Something failed and is tried again; `failures` in a row. */
  failed(error: unknown, failures: number): void;
  /** An anchor did not keep a checkpoint; it is not published until each does. */
  anchorFailed(anchor: string, error: unknown): void;
  /** Nothing is signed until somebody mends what `message` says. */
  stopped(reason: StopReason, message: string): void;
  warn(message: string, context: Record<string, unknown>): void;
}
