import { Contended } from '#command-handling/facts';
import { StoreOverloaded, isTransient } from '#event-store';
import { KeyManagementUnavailable } from '#keys';
import { LookupRefused, OutcomeUnknown, ProcessorUnavailable } from '#processor';
import pg from 'pg';

import { LeaseLost, LineClosed } from '../line/line.js';
import { RunLost } from './run-store.js';

/** Raised within a run because this gateway closes: another one goes on with it. */
export class Closing extends Error {
  constructor() {
    super('the gateway closes');
  }
}

const ofTheWhole = [
  ProcessorUnavailable,
  OutcomeUnknown,
  LineClosed,
  LeaseLost,
  Contended,
  StoreOverloaded,
  KeyManagementUnavailable,
  RunLost,
  Closing,
  pg.DatabaseError,
];

/**
 * The name of a failure to compare one object, by which the others are compared all the same; undefined for what would fail for all
 * of them, because the processor or the database is away, or the run is not ours any more.
 */
export const faultOfOne = (error: unknown): string | undefined => {
  if (error instanceof LookupRefused) return error.code;
  if (isTransient(error) || ofTheWhole.some((kind) => error instanceof kind)) return undefined;
  return error instanceof Error ? error.name : 'unexpected';
};

/** Why a run does not go on for now, as a code. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof ProcessorUnavailable || error instanceof OutcomeUnknown || error instanceof LineClosed) {
    return error.reason;
  }
  if (error instanceof LookupRefused || error instanceof KeyManagementUnavailable) return error.code;
  if (error instanceof pg.DatabaseError || isTransient(error)) return 'store_unavailable';
  return error instanceof Error ? error.name : 'unexpected';
};
