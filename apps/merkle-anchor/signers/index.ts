import { platformTenantId } from '#access/tenancy';
import { PublishedKeyReceipts } from '#audit-log/keys';
import type { KeyManagement, Keys } from '#keys';
import { LogSigning } from '#keys';
import type { ObjectStore } from '#object-store';
import type { Pool } from 'pg';

import type { KeyReceipts, LogSigners } from '../ports.js';
import { IntroducedSigners } from './introduced-signers.js';

export { IntroducedSigners, NoSigningKey, SigningKeyDiffers } from './introduced-signers.js';
export { kmsSigner } from './kms-signer.js';

/** Signs with every key that the log's history has introduced and not retired. `pool` is the anchor's, `store` the log's. */
export const openSigners = (options: {
  pool: Pool;
  origin: string;
  store: ObjectStore;
  kms: KeyManagement;
}): LogSigners =>
  new IntroducedSigners({ ...options, kms: new LogSigning({ app: 'merkle-anchor', kms: options.kms }) });

/** Writes the receipts of the key history beside the tiles. `pool` and `keys` are the anchor's. */
export const openKeyReceipts = (options: { pool: Pool; origin: string; store: ObjectStore; keys: Keys }): KeyReceipts =>
  new PublishedKeyReceipts({ ...options, salts: () => options.keys.auditSalts(platformTenantId) });
