import type { LogIdentity, TrustedKey, VerifierKey } from '#audit';
import { formatVerifierKey, identityOf, parseKeyEvent, parseVerifierKey } from '#audit';
import { signingKeysOf } from '#domain/audit-key';
import type { Pool } from 'pg';

import { eventBytes } from '../event-bytes.js';
import { LeafRuns } from '../leaf-runs.js';
import type { KeyHistory } from './history.js';
import { readKeyHistory } from './history.js';

/**
 * The keys that sign the log now, the newest first. One of them has signed the newest checkpoint: no key is retired before a checkpoint of its
 * successor is published.
 */
export const keysThatSign = ({ state }: KeyHistory): VerifierKey[] =>
  signingKeysOf(state).map(({ vkey }) => parseVerifierKey(vkey));

/**
 * Whose checkpoints are of the log of this origin, older ones too, as Postgres has the history of its keys: every key that was introduced, a
 * retired one for trees that do not hold its retirement. `pool` is of a role that reads the platform's log and audit_leaf_run.
 */
export const identityByHistory = async (pool: Pool, origin: string): Promise<LogIdentity> => {
  const { events } = await readKeyHistory(pool, origin);
  const runs = new LeafRuns(pool);
  const known = new Map<string, TrustedKey>();
  for (const event of events) {
    const { change, key } = parseKeyEvent(eventBytes(event), origin);
    const retiredAt = change === 'retired' ? await runs.indexOf(event.shard, event.position) : undefined;
    known.set(formatVerifierKey(key), { key, pinned: true, ...(retiredAt !== undefined && { retiredAt }) });
  }
  return known.size === 0 ? { origin, keys: [] } : identityOf([...known.values()]);
};
