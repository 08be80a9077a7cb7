import { IssuerUnavailable } from '#access';
import { ConcurrentChange, ReadModelBehind } from '#command-handling';
import { AccessRecordUnavailable } from '#command-handling/access-record';
import { StoreOverloaded, isTransient } from '#event-store';
import { KeyManagementUnavailable, KeyMissing, KeyUseDenied, KeyringRefused, UnwrapRefused } from '#keys';

/** What is about us and our neighbours, and never about a command: it waits until somebody has mended it. */
const ours = [
  AccessRecordUnavailable,
  IssuerUnavailable,
  StoreOverloaded,
  KeyManagementUnavailable,
  KeyMissing,
  KeyUseDenied,
  KeyringRefused,
  UnwrapRefused,
];

/**
 * Whether a failure says nothing about the command at hand, however long it lasts: Postgres, the issuer's keys or our own are away, or
 * the database is not as this release needs it (SQLSTATE classes other than 22 and 23, which are about data).
 */
export const isTrouble = (error: unknown): boolean => {
  if (isTransient(error) || ours.some((kind) => error instanceof kind)) return true;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string') return false;
  return /^E[A-Z]+$/.test(code) || (/^[0-9A-Z]{5}$/.test(code) && !/^2[23]/.test(code));
};

/** Whether the same command may do better at once: others changed the same thing at the same time, or read models caught up. */
export const isContention = (error: unknown): boolean =>
  error instanceof ConcurrentChange || error instanceof ReadModelBehind;
