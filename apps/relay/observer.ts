import type { HaltReason } from './carried-shard.js';

/** Whom the relay tells what becomes of it: logs and metrics. Nothing of an event's data is ever told. */
export interface RelayObserver {
  /** Kafka has stored so many records. */
  sent(records: number): void;
  /** Something failed and is tried again; `failures` in a row. */
  failed(error: unknown, failures: number): void;
  /** A shard is not carried on until somebody mends what `error` says. */
  halted(shard: number, reason: HaltReason, error: string): void;
  warn(message: string, context: Record<string, unknown>): void;
}
