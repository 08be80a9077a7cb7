import { dirname } from 'node:path';

import type { Configuration } from '#platform/configuration';

/**
 * What an operator is told in production where nothing stands against whoever can change the log: no witness, and every anchor in the log's own bucket,
 * or in a folder beside its own, as the default is. Undefined where something does.
 */
export const anchorsBesideLog = ({
  environment,
  audit: { log, anchors, witnessesFile },
}: Pick<Configuration, 'environment' | 'audit'>): string | undefined => {
  if (environment !== 'production' || witnessesFile !== undefined) return undefined;
  if (anchors.some((anchor) => !isBeside(anchor, log))) return undefined;
  return 'whoever can change the audit log can change all that it is held against: set AUDIT_ANCHORS to a place that somebody else keeps, or AUDIT_WITNESSES';
};

const isBeside = (place: string, log: string): boolean => {
  const [bucket, bucketOfLog] = [bucketOf(place), bucketOf(log)];
  if (bucket !== undefined || bucketOfLog !== undefined) return bucket === bucketOfLog;
  return place.startsWith(`${dirname(log)}/`);
};

const bucketOf = (place: string): string | undefined => /^s3:\/\/([^/]+)/.exec(place)?.[1];
