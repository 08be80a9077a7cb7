import { isTransient } from '#event-store';

/** Raised when another process has moved this consumer's checkpoint: our batch was rolled back, theirs stands. */
export class CheckpointMoved extends Error {
  constructor(consumer: string) {
    super(`another process moved the checkpoint of ${consumer}`);
    this.name = 'CheckpointMoved';
  }
}

/** Raised when rows do not follow what was digested: they have to be read again. */
export class OutOfPlace extends Error {
  constructor(consumer: string, shard: number, expected: number, position: number) {
    super(`${consumer} was handed position ${shard}:${position} where ${shard}:${expected} follows`);
    this.name = 'OutOfPlace';
  }
}

/** Raised when a dead letter was settled by somebody else while it was tried: it has to be looked at again. */
export class DeadLetterSettled extends Error {
  constructor(consumer: string, shard: number, position: string) {
    super(`the dead letter ${shard}:${position} of ${consumer} is no longer there to be tried`);
    this.name = 'DeadLetterSettled';
  }
}

/** Raised when the database was out of reach, whatever the handler did: says nothing about the events. */
export class DatabaseAway extends Error {
  constructor(cause: unknown) {
    super(`the database is out of reach: ${String(cause)}`, { cause });
    this.name = 'DatabaseAway';
  }
}

/** Whether trying again may help without anything being wrong with the event. A handler's own words are not taken for that. */
export const isMomentary = (error: unknown): boolean =>
  error instanceof DatabaseAway ||
  error instanceof CheckpointMoved ||
  error instanceof OutOfPlace ||
  error instanceof DeadLetterSettled ||
  (error instanceof Error && 'code' in error && typeof error.code === 'string' && isTransient(error));

/** How long to wait before the next try after so many failures in a row. */
export const backoffMs = (failures: number): number => Math.min(50 * 2 ** failures, 5_000);
