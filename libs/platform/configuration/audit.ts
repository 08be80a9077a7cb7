import { join, resolve } from 'node:path';

import { bucketPlaceOf } from './bucket-place.js';
import { ConfigurationError } from './configuration-error.js';

/** Where the audit log is kept, and under which name it is known to those who verify it. */
export interface AuditSettings {
  /** The name of the log in every checkpoint: a URL without its scheme. It never changes. */
  origin: string;
  /** The store of the log: an absolute folder, or `s3://bucket/prefix`. */
  log: string;
  /** The places that keep every checkpoint, one at least: the same kind. */
  anchors: readonly string[];
  /** Least time from one checkpoint to the next, in milliseconds. */
  checkpointMs: number;
  /** The file with the policy of the witnesses, absolute; undefined: checkpoints are published without any. */
  witnessesFile: string | undefined;
}

const originForm = /^[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?(:\d{1,5})?(\/[A-Za-z0-9._~-]{1,100}){0,8}$/;
const maxAnchors = 8;

/**
 * Reads the AUDIT_ variables. Throws ConfigurationError for the first wrong one, for an anchor within the log's own place, and in production
 * where AUDIT_ORIGIN is not set: outsiders know the log by that name for ever.
 */
export const readAuditSettings = (environment: NodeJS.ProcessEnv, dataDirectory: string): AuditSettings => {
  const set = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name]);
  const log = placeOf('AUDIT_LOG', set('AUDIT_LOG') ?? join(dataDirectory, 'audit', 'log'));
  const witnesses = set('AUDIT_WITNESSES');
  return {
    origin: originOf(set('AUDIT_ORIGIN'), environment.BILLING_ENV === 'production'),
    log,
    anchors: anchorsOf(set('AUDIT_ANCHORS') ?? join(dataDirectory, 'audit', 'anchor'), log),
    checkpointMs: checkpointMsOf(set('AUDIT_CHECKPOINT_MS')),
    witnessesFile: witnesses === undefined ? undefined : resolve(witnesses),
  };
};

const originOf = (origin: string | undefined, isProduction: boolean): string => {
  if (origin === undefined && isProduction)
    throw new ConfigurationError(
      'AUDIT_ORIGIN is needed in production: the name of the audit log, such as billing.example.com/audit; it can never change',
    );
  if (origin !== undefined && !originForm.test(origin))
    throw new ConfigurationError('AUDIT_ORIGIN must be a URL without its scheme, such as billing.example.com/audit');
  return origin ?? 'localhost/billing-audit';
};

const placeOf = (name: string, place: string): string => {
  if (!/^[a-z0-9]+:\/\//i.test(place)) return resolve(place);
  if (!bucketPlaceOf(place))
    throw new ConfigurationError(`${name} must be a folder or s3://bucket/prefix, a prefix of letters, digits and ._-`);
  return place.replace(/\/$/, '');
};

const anchorsOf = (text: string, log: string): string[] => {
  const anchors = text.split(',').map((place) => placeOf('AUDIT_ANCHORS', place.trim()));
  if (text.split(',').some((place) => place.trim() === '') || anchors.length > maxAnchors)
    throw new ConfigurationError(`AUDIT_ANCHORS must be 1 to ${maxAnchors} folders or buckets, divided by commas`);
  if (new Set(anchors).size < anchors.length) throw new ConfigurationError('AUDIT_ANCHORS names a place twice');
  if (anchors.some((anchor) => isWithin(anchor, log) || isWithin(log, anchor)))
    throw new ConfigurationError(
      'AUDIT_ANCHORS must not name the place of AUDIT_LOG: what changes it would change both',
    );
  return anchors;
};

const isWithin = (inner: string, outer: string): boolean => `${inner}/`.startsWith(`${outer}/`);

const checkpointMsOf = (text: string | undefined): number => {
  const ms = Number(text ?? 1_000);
  if (!/^\d{1,7}$/.test(text ?? '1000') || ms < 100 || ms > 3_600_000)
    throw new ConfigurationError('AUDIT_CHECKPOINT_MS must be a whole number of milliseconds from 100 to 3600000');
  return ms;
};
