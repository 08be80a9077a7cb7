import type { SecretKind } from '#keys';
import { Option } from 'commander';

import { UsageError } from '../usage.js';
import { kinds } from './kinds.js';

const maxOverlapHours = 24;

/** How long the one before stays valid. */
export const overlapOption = (): Option =>
  new Option(
    '--overlap <hours>',
    `how long the one before stays valid, up to ${maxOverlapHours}; ${kinds.webhook.overlapHours} for webhooks and ${kinds.api.overlapHours} for API keys unless said`,
  );

/** The hours that were asked for, or those of the kind, in milliseconds. Throws UsageError. */
export const overlapMs = (kind: SecretKind, given: string | undefined): number => {
  const hours = given === undefined ? kinds[kind].overlapHours : given === '' ? NaN : Number(given);
  if (hours >= 0 && hours <= maxOverlapHours) return hours * 3_600_000;
  throw new UsageError(`--overlap is a number of hours from 0 to ${maxOverlapHours}`);
};
